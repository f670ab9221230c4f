"""What each kind of operation asks of the remote, one small handler each."""

from __future__ import annotations

from chats.engine.kinds.base import Handler
from chats.engine.kinds.groups import AddParticipant, LeaveGroup, RemoveParticipant, RenameGroup, SetGroupIcon
from chats.engine.kinds.messages import CreateChat, MarkRead, SendMessage
from chats.engine.kinds.uploads import UploadAttachment
from chats.models.operation import Kind

HANDLERS: dict[Kind, Handler] = {
    Kind.SEND_MESSAGE: SendMessage(),
    Kind.CREATE_CHAT: CreateChat(),
    Kind.MARK_READ: MarkRead(),
    Kind.RENAME_GROUP: RenameGroup(),
    Kind.SET_GROUP_ICON: SetGroupIcon(),
    Kind.ADD_PARTICIPANT: AddParticipant(),
    Kind.REMOVE_PARTICIPANT: RemoveParticipant(),
    Kind.LEAVE_GROUP: LeaveGroup(),
    Kind.UPLOAD_ATTACHMENT: UploadAttachment(),
}
