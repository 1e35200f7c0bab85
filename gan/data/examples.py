"""The tf.train.Example of any program: named lists of bytes, floats or whole numbers. No TensorFlow."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

BYTES, FLOATS, INTEGERS = "bytes_list", "float_list", "int64_list"
_LISTS = (BYTES, FLOATS, INTEGERS)
_MOST_SHOWN = 12  # features that a message lists
_PACKAGE = "gan.records"


class Feature(NamedTuple):
    """One list of an Example."""

    kind: str  # BYTES, FLOATS or INTEGERS
    values: Any  # a sequence of bytes, float or int


def parse(record: bytes) -> dict[str, Feature]:
    """Name -> list of a serialized tf.train.Example; a feature without a list counts as an empty bytes list.

    Raises:
        ValueError: it is no Example.
    """
    from google.protobuf.message import DecodeError

    try:
        features = _example_class().FromString(record).features.feature
    except (DecodeError, UnicodeDecodeError) as error:
        raise ValueError("is not a tf.train.Example") from error
    found = {}
    for name, feature in features.items():
        kind = feature.WhichOneof("kind") or BYTES
        found[name] = Feature(kind, getattr(feature, kind).value)
    return found


def text_of(feature: Feature) -> str:
    """Kind and length of a list, such as "float_list, 2500 values"."""
    count = len(feature.values)
    if feature.kind == BYTES and count == 1:
        return f"{BYTES}, {len(feature.values[0])} bytes"
    return f"{feature.kind}, {count} value{'s' * (count != 1)}"


def list_of(features: Mapping[str, Feature]) -> str:
    """All features with kind and length, sorted by name, for messages."""
    shown = [f"{name} ({text_of(features[name])})" for name in sorted(features)]
    more = len(shown) - _MOST_SHOWN
    return ", ".join(shown[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "") or "nothing"


@functools.cache
def _example_class() -> Any:
    """A class that reads serialized Examples, made from the numbers and types of their fields.

    Most commands never need it: records in the usual order of bytes are read without it.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    fields = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="gan/records.proto", package=_PACKAGE, syntax="proto3")

    def message(name: str, parent: Any = file.message_type) -> Any:
        made = parent.add()
        made.name = name
        return made

    def field(owner: Any, name: str, number: int, **options: Any) -> Any:
        options = {"label": fields.LABEL_OPTIONAL, "type": fields.TYPE_MESSAGE, **options}
        return owner.field.add(name=name, number=number, **options)

    types = {BYTES: fields.TYPE_BYTES, FLOATS: fields.TYPE_FLOAT, INTEGERS: fields.TYPE_INT64}
    for name in _LISTS:
        field(message(name), "value", 1, type=types[name], label=fields.LABEL_REPEATED)
    feature = message("Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(_LISTS, 1):
        field(feature, name, number, type_name=f".{_PACKAGE}.{name}", oneof_index=0)
    features = message("Features")
    entry = message("FeatureEntry", features.nested_type)
    entry.options.map_entry = True
    field(entry, "key", 1, type=fields.TYPE_STRING)
    field(entry, "value", 2, type_name=f".{_PACKAGE}.Feature")
    entry_type = f".{_PACKAGE}.Features.FeatureEntry"
    field(features, "feature", 1, type_name=entry_type, label=fields.LABEL_REPEATED)
    field(message("Example"), "features", 1, type_name=f".{_PACKAGE}.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Example"))
