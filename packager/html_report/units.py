"""Figures as words: times, sizes and prices for a person."""

from packager.report import size

__all__ = ["amount", "dollars", "megabytes", "milliseconds", "percent", "size"]


def milliseconds(value: float) -> str:
    """Three digits that matter: `1,430 ms`, `47.1 ms`, `0.042 ms`."""
    if value >= 100:
        return f"{value:,.0f} ms"
    if value >= 10:
        return f"{value:.1f} ms"
    return f"{value:.2f} ms" if value >= 1 else f"{value:#.2g} ms"


def dollars(value: float) -> str:
    """A price: cents where there are any."""
    return f"${value:,.2f}" if value >= 0.1 else f"${value:.2g}"


def megabytes(memory_mb: int) -> str:
    """A Lambda memory size, in its own unit."""
    return f"{memory_mb:,} MB"


def percent(share: float) -> str:
    """`31 %`"""
    return f"{share * 100:.0f} %"


def amount(size_bytes: float) -> str:
    """Bytes of a figure that may be less than nought."""
    return size(int(size_bytes)) if size_bytes >= 0 else f"−{size(int(-size_bytes))}"
