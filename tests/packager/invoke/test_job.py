"""What is said to a job beside what packager says to it itself."""

import pytest

from packager.errors import ConfigError
from packager.invoke.job import refuse_own

OWN = ("--input", "--output")


@pytest.mark.parametrize("word", ["--output", "--output=s3://other/place", "--outp", "--in"])
def test_refuses_an_option_that_would_go_before_packagers_own(word: str) -> None:
    with pytest.raises(ConfigError, match=f"{word} stands among the job's own options"):
        refuse_own(["--keep", "id", word, "x"], OWN)


@pytest.mark.parametrize("word", ["--output-format", "--input-format=csv", "--", "-o", "out", "--keep"])
def test_takes_what_is_the_jobs_alone(word: str) -> None:
    refuse_own([word, "x"], OWN)
