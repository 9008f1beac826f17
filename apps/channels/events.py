"""Kinds of events this room records. Their data holds ids and codes, never keys, names or texts."""

DOOR_CHANGED = "channels.door_changed"  # data: changes (a key is told as "…"); subject: the door
ITEM_TRIED_AGAIN = "channels.item_tried_again"  # subject: the incoming item
ITEM_SET_ASIDE = "channels.item_set_aside"
DOOR_FAILING = "channels.door_failing"  # subject: the door, mailbox or gateway's alarm; data: name, words
DOOR_WELL = "channels.door_well"
