"""Stories on the wire."""

from collections.abc import Sequence

from soc.demo.company import Duty, Machine
from soc.demo.ecs import Document, plain_event
from soc.demo.stories.story import Outcome, Scene, Story, from_elsewhere

_SMB = "SMB Connection From the Internal Network to the Internet"


def flow(scene: Scene, machine: Machine, address: str, port: int) -> Document:
    """A connection as the sensor at the edge of the network sees it."""
    fields: Document = {
        "source": {"ip": machine.ip, "address": machine.ip, "port": scene.rng.randrange(32_768, 60_999)},
        "destination": {"ip": address, "address": address, "port": port},
        "network": {"transport": "tcp", "direction": "egress", "bytes": scene.rng.randrange(900, 90_000)},
        "observer": {"name": "edge-sensor-1", "type": "sensor"},
    }
    return plain_event(
        "network_traffic.flow", scene.at, category="network", kind="connection", action="network_flow", fields=fields
    )


def smb_attack(scene: Scene) -> Sequence[Document]:
    """A workstation is lured into offering its credentials to a share on the internet."""
    return [flow(scene, scene.pick(Duty.OFFICE), f"203.0.113.{scene.rng.randrange(2, 250)}", 445)]


def smb_lookalike(scene: Scene) -> Sequence[Document]:
    """The file server mirrors to a partner's share, as agreed."""
    return [flow(scene, scene.company.by_name["files-01"], "192.0.2.20", 445)]


def smb_near_miss(scene: Scene) -> Sequence[Document]:
    """A share inside the company."""
    return [flow(scene, scene.pick(Duty.OFFICE), scene.company.by_name["files-01"].ip, 445)]


def smb_elsewhere(scene: Scene) -> Sequence[Document]:
    """The same flow, replayed in the lab under an index that the rule does not read."""
    return from_elsewhere(smb_attack(scene))


NETWORK: tuple[Story, ...] = (
    Story("share on the internet", _SMB, Outcome.ATTACK, smb_attack),
    Story("partner's mirror", _SMB, Outcome.LOOKALIKE, smb_lookalike),
    Story("share inside", _SMB, Outcome.NEAR_MISS, smb_near_miss),
    Story("share on the internet, replayed in the lab", _SMB, Outcome.NEAR_MISS, smb_elsewhere),
)
