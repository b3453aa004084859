"""An edge: products for other programs."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import generics, serializers

from incidents.alarms.api import ERRORS
from incidents.display import product_queries
from incidents.display.product_queries import Line
from oncall.catalogue.models import Product
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer


class ByPath(ByCursor):
    ordering: Any = ("path",)


class OwnerSerializer(serializers.Serializer[Any]):
    """Who owns it, and at which product they are named: itself or one above it."""

    name = serializers.CharField()
    path = serializers.CharField()


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product. `tier` and `owner` are what counts, its own or inherited; the table says `manager`, `owner_said`."""

    tier = serializers.SerializerMethodField()
    owner = serializers.SerializerMethodField()
    manager = serializers.CharField(source="manager_said.words", read_only=True)
    owner_said = serializers.CharField(source="owner_said.words", read_only=True)
    open_alarms = serializers.SerializerMethodField(help_text="Of the product and of what hangs below it.")

    class Meta:
        model = Product
        fields = (
            "id", "path", "name", "kind", "tier", "owner", "manager", "owner_said", "playbooks", "open_alarms",
        )  # fmt: skip

    def _line(self, product: Product) -> Line:
        found: Line = self.context["lines"][product.path]
        return found

    @extend_schema_field({"type": "string", "enum": ["real_time", "critical", "operational", ""]})
    def get_tier(self, product: Product) -> str:
        return self._line(product).tier

    @extend_schema_field(OwnerSerializer(allow_null=True))
    def get_owner(self, product: Product) -> dict[str, str] | None:
        line = self._line(product)
        return {"name": line.owner, "path": line.owner_from.path} if line.owner_from else None

    def get_open_alarms(self, product: Product) -> int:
        line = self._line(product)
        return line.open + line.below


@extend_schema_view(get=extend_schema(responses={200: ProductSerializer(many=True)} | ERRORS))
class Products(generics.ListAPIView[Product]):
    """The catalogue by path. What the table no longer has is left out."""

    serializer_class = ProductSerializer
    pagination_class = ByPath
    queryset = Product.objects.none()  # for the schema, which is drawn with nobody signed in

    def get_queryset(self) -> Any:
        return self.queryset if getattr(self, "swagger_fake_view", False) else Product.objects.present()

    def get_serializer_context(self) -> dict[str, Any]:
        context = {**super().get_serializer_context()}
        if not getattr(self, "swagger_fake_view", False):
            lines = product_queries.tree(for_person=viewer(self.request))
            context["lines"] = {line.product.path: line for line in lines}
        return context
