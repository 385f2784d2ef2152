"""The shapes of the API's answers, for the OpenAPI description; the answers themselves are built without them."""

from rest_framework import serializers


class ItemAnswer(serializers.Serializer[None]):
    """What became of one event, at its place in the request."""

    status = serializers.ChoiceField(choices=["created", "duplicate", "rejected"])
    id = serializers.CharField(required=False, help_text="The event's uid in hexadecimal; not for rejected ones.")
    reason = serializers.CharField(required=False, help_text="A code, such as wrong_type; see docs/fields.md.")
    detail = serializers.CharField(required=False, help_text="A sentence for whoever runs the agent.")


class IngestAnswer(serializers.Serializer[None]):
    """The answer to a request that was taken."""

    created = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = serializers.IntegerField()
    items = ItemAnswer(many=True)


class RefusalDetail(serializers.Serializer[None]):
    """Why a request was not taken."""

    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class Refusal(serializers.Serializer[None]):
    """The answer to a request of which nothing was stored. 429 and 503 carry Retry-After, in seconds."""

    error = RefusalDetail()
