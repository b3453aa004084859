"""The demo's catalogue: the product table, who of the invented teams owns what, and routes for Prometheus."""

from datetime import datetime

from incidents.escalation.models import EscalationPolicy
from incidents.escalation.services import Wanted, save_policy
from incidents.signals import route_services
from incidents.signals.matching import as_json, read_lines
from incidents.signals.models import Source
from incidents.signals.routes import Route
from oncall.catalogue import services
from oncall.catalogue.models import Contact, Product
from oncall.people.models import Person, Team

OWNERS = {
    "DM Ops/Alert Production": "Algorithms & Pipelines",
    "DM Ops/Alert Production/APDB": "Data Abstraction",
    "DM Ops/Alert Production/Butler Writer": "Data Abstraction",
    "DM Ops/Data Abstraction": "Data Abstraction",
    "DM Ops/Data Acquisition LHN": "Chile DevOps",
    "DM Ops/Data Facilities": "US Data Facility",
    "DM Ops/Data Production": "Campaign Management",
    "DM Ops/Data Services/Forum": "Community Science",
}
DBA = ("DM Ops/Alert Production", "DM Ops/Data Abstraction")  # by the infrastructure team (R41)
EFD = "DM Ops/Data Services/SQuaRE/Sasquatch/EFD"
BROKER = "DM Ops/Alert Production/Alert Distribution"
LHN = "DM Ops/Data Acquisition LHN/LHN"


def load(people: dict[str, Person], teams: dict[str, Team], *, now: datetime) -> None:
    """Import the table and say who owns what; somebody of another house owns the EFD (R31)."""
    services.import_table(text=services.own_table(), now=now)
    for path, team in OWNERS.items():
        Product.objects.filter(path=path).update(owner_team=teams[team])
    Product.objects.filter(path=EFD).update(
        elsewhere="TSSW", elsewhere_contact="the summit's control room, +56 51 555 0190, asks for the EFD's engineer"
    )
    for path in DBA:
        product = Product.objects.get(path=path)
        Contact.objects.create(product=product, kind=Contact.Kind.DBA, team=teams["US Data Facility"])
        Contact.objects.create(product=product, kind=Contact.Kind.INFRASTRUCTURE, team=teams["US Data Facility"])
    lhn = Product.objects.get(path=LHN)
    Contact.objects.create(product=lhn, kind=Contact.Kind.SUPPORT, text="NOIRLab COS-IT, by the form for networks")
    save_policy(
        policy=EscalationPolicy(name="Product owner", description="Whoever owns the product, then the pilot."),
        steps=[Wanted(300, owner=True), Wanted(300, person=people["tanaka"])],
    )


def routes(source: Source) -> None:
    """What Prometheus says of the brokers and of databases goes to their products."""
    owner = EscalationPolicy.objects.get(name="Product owner")
    wanted = (
        ("Brokers of the alert stream", "alertname =~ Kafka*|Broker*", BROKER, None, "broker"),
        ("Databases", "alertname =~ *Postgres*|*Cassandra*", "DM Ops/Alert Production/APDB", owner, ""),
    )
    for name, conditions, path, policy, stage in wanted:
        route_services.save_route(
            route=Route(
                source=source,
                name=name,
                matchers=as_json(read_lines(conditions)),
                product=Product.objects.get(path=path),
                policy=policy,
                stage=stage,
            )
        )
