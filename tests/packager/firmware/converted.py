"""Small models of the bundled digits, converted as a build converts them and written as C."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.datasets import load_digits

from packager import conversion, firmware, probe, verify
from packager.conversion import Conversion, Way
from packager.firmware import Generated
from packager.probe import Case
from packager.worker import WorkerRequest

ROWS = 540
TRAINED = 1797 - ROWS


@dataclass(frozen=True)
class Written:
    """The C of a model, with what the source model answers to rows that it was not trained on."""

    converted: Conversion
    generated: Generated

    @property
    def cases(self) -> tuple[Case, ...]:
        return probe.read_cases(self.converted.reference)

    @property
    def sent(self) -> tuple[Case, ...]:
        """As the C takes them."""
        return self.generated.coding.sent(self.cases)


def of_digits(estimator: Any, folder: Path) -> Written:
    """Trained, pickled, converted, proved against nothing yet."""
    data, target = load_digits(return_X_y=True)
    data = data.astype(np.float32)
    estimator.fit(data[:TRAINED], target[:TRAINED])
    joblib.dump(estimator, folder / "model.joblib")
    np.save(folder / "rows.npy", data[TRAINED:])
    request = WorkerRequest(
        action="convert", source=folder / "model.joblib", samples=folder / "rows.npy", rows=ROWS
    )
    converted = conversion.convert(request, folder / "job", Way())
    tiny = conversion.for_tiny(converted, folder / "job", Way())
    cases = probe.read_cases(tiny.reference)
    tolerance = verify.tolerances(tiny.model.signature, cases)
    return Written(tiny, firmware.generate(tiny, "digits", tolerance))
