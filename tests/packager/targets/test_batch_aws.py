"""What is for AWS, as it was reviewed."""

import pytest

from packager.targets.batch import aws
from packager.targets.batch.target import Batch
from tests.packager.targets import golden

TARGETS = {
    "fargate_spot": Batch(),
    "ec2_spot-arm64": Batch(arch="arm64", compute="ec2_spot", vcpus=4, memory_mb=7000, attempts=3),
}


@pytest.mark.parametrize("case", TARGETS)
def test_the_files_are_as_they_were_reviewed(case: str) -> None:
    golden.check(f"batch_aws/{case}", aws.files("iris", TARGETS[case]))
