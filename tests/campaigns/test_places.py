"""Where the owner of a number may be."""

from __future__ import annotations

import pytest

from chats.campaigns.places import Place, UnknownZone, place_of, zone

OURS = "Europe/Berlin"


@pytest.mark.parametrize(
    ("handle", "place"),
    [
        ("+12125550123", Place(("America/New_York",), "US")),
        ("+16025550123", Place(("America/Phoenix",), "US")),
        ("+442071234567", Place(("Europe/London",), "GB")),
        # toll-free, and a country whose zones are too far apart
        ("+18005550123", Place((OURS,), "US")),
        ("+77011234567", Place((OURS,), "KZ")),
        ("ann@example.com", Place((OURS,), "")),
        ("+0", Place((OURS,), "")),
    ],
)
def test_a_number_tells_where_its_owner_is(handle: str, place: Place) -> None:
    assert place_of(handle, otherwise=OURS) == place


def test_what_the_team_knows_wins() -> None:
    known = place_of("+12125550123", time_zone="America/Phoenix", otherwise=OURS)
    assert known == Place(("America/Phoenix",), "US")


def test_a_number_of_a_wide_country_is_in_all_its_zones() -> None:
    place = place_of("+61491570156", otherwise=OURS)
    assert place.country == "AU"
    assert place.zones == (
        "Australia/Adelaide",
        "Australia/Brisbane",
        "Australia/Eucla",
        "Australia/Lord_Howe",
        "Australia/Perth",
        "Australia/Sydney",
        "Indian/Christmas",
        "Indian/Cocos",
    )


def test_a_name_that_is_no_zone_is_refused() -> None:
    with pytest.raises(UnknownZone, match="“Mars/Olympus” is not a time zone. Write it like Europe/Paris."):
        zone("Mars/Olympus")
    assert zone("Europe/Paris").key == "Europe/Paris"
