"""What each kind of operation asks of the remote, one small handler each."""

from __future__ import annotations

from chats.engine.kinds.base import Handler
from chats.engine.kinds.groups import AddParticipant, LeaveGroup, RemoveParticipant, RenameGroup, SetGroupIcon
from chats.engine.kinds.lines import SaveContactCard, SetForwarding, StartAudit
from chats.engine.kinds.memos import SendVoiceMemo
from chats.engine.kinds.messages import CreateChat, MarkRead, SendMessage
from chats.engine.kinds.people import BlockHandle, CheckCapability, UnblockHandle
from chats.engine.kinds.sharing import (
    ReadLocation,
    RequestLocation,
    ShareContactCard,
    StartTyping,
    StopLocation,
    StopTyping,
)
from chats.engine.kinds.touches import AddReaction, DeleteMessage, EditMessage, RemoveReaction
from chats.engine.kinds.uploads import UploadAttachment
from chats.models.operation import Kind

HANDLERS: dict[Kind, Handler] = {
    Kind.SEND_MESSAGE: SendMessage(),
    Kind.CREATE_CHAT: CreateChat(),
    Kind.SEND_VOICE_MEMO: SendVoiceMemo(),
    Kind.MARK_READ: MarkRead(),
    Kind.EDIT_MESSAGE: EditMessage(),
    Kind.DELETE_MESSAGE: DeleteMessage(),
    Kind.ADD_REACTION: AddReaction(),
    Kind.REMOVE_REACTION: RemoveReaction(),
    Kind.RENAME_GROUP: RenameGroup(),
    Kind.SET_GROUP_ICON: SetGroupIcon(),
    Kind.ADD_PARTICIPANT: AddParticipant(),
    Kind.REMOVE_PARTICIPANT: RemoveParticipant(),
    Kind.LEAVE_GROUP: LeaveGroup(),
    Kind.UPLOAD_ATTACHMENT: UploadAttachment(),
    Kind.START_TYPING: StartTyping(),
    Kind.STOP_TYPING: StopTyping(),
    Kind.SHARE_CONTACT_CARD: ShareContactCard(),
    Kind.REQUEST_LOCATION: RequestLocation(),
    Kind.READ_LOCATION: ReadLocation(),
    Kind.STOP_LOCATION: StopLocation(),
    Kind.BLOCK_HANDLE: BlockHandle(),
    Kind.UNBLOCK_HANDLE: UnblockHandle(),
    Kind.CHECK_CAPABILITY: CheckCapability(),
    Kind.SAVE_CONTACT_CARD: SaveContactCard(),
    Kind.SET_FORWARDING: SetForwarding(),
    Kind.START_AUDIT: StartAudit(),
}
