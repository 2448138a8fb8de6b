"""MSAL's unified cache JSON as a codec at the edge: partitions out, and back in.

Partitions are the model; this is a file format that other libraries read and write. Keys and
members are exactly msal 1.39's. Assertion partitions and knowledge are not part of it. What an
entry holds that we do not understand is kept word for word (invariant I-9): an entry that would
not be written as it was read is remembered in its original form until it is replaced.
"""

from sansio_auth.msal_format.reading import Loaded, Metadata, load, metadata_of, owner_of, text_of
from sansio_auth.msal_format.sorting import Owner, Sorted, sort
from sansio_auth.msal_format.text import parse, text
from sansio_auth.msal_format.writing import Cache, Families, dump

__all__ = [
    "Cache",
    "Families",
    "Loaded",
    "Metadata",
    "Owner",
    "Sorted",
    "dump",
    "load",
    "metadata_of",
    "owner_of",
    "parse",
    "sort",
    "text",
    "text_of",
]
