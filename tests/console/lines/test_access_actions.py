"""Giving lines to people, and taking them away."""

from __future__ import annotations

import pytest

from chats.actions.lines import give_line, take_line
from chats.actions.rules import NotAllowed
from chats.models import AuditRecord, LineAccess
from chats.queries import access
from tests.people import make_person

pytestmark = pytest.mark.django_db


def test_giving_twice_is_one_gift_and_one_record(administrator, line):
    new = make_person("new", "Agent")
    assert list(access.lines_for(new)) == []
    first = give_line(line=line, to=new, by=administrator)
    assert give_line(line=line, to=new, by=administrator) == first
    assert list(access.lines_for(new)) == [line]
    record = AuditRecord.objects.get()
    assert (record.action, record.line, record.target) == ("line.give", line, "new")


def test_taking_ends_it(administrator, agent, line):
    given = LineAccess.objects.get(user=agent)
    take_line(given=given, by=administrator)
    take_line(given=given, by=administrator)
    assert list(access.lines_for(agent)) == []
    assert [one.action for one in AuditRecord.objects.all()] == ["line.take"]


@pytest.mark.parametrize("who", ["agent", "manager", "outsider"])
def test_others_may_neither_give_nor_take(request, who, line, agent):
    by = request.getfixturevalue(who)
    new = make_person("new", "Agent")
    with pytest.raises(NotAllowed):
        give_line(line=line, to=new, by=by)
    with pytest.raises(NotAllowed):
        take_line(given=LineAccess.objects.get(user=agent), by=by)
    assert not LineAccess.objects.filter(user=new).exists()
    assert LineAccess.objects.filter(user=agent, line=line).exists()
    assert AuditRecord.objects.count() == 0
