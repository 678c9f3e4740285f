"""What the tests of rows share."""

import pytest

pytest.register_assert_rewrite("tests.runtimes.batch.rows.asking")
