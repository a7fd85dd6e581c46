/** What each shortcut does, in the words that its button has where there is one. */
export const names = {
  palette: "keys.palette.title",
  search: "keys.name.search",
  sheet: "keys.name.sheet",
  leave: "keys.name.leave",
  next: "keys.name.next",
  previous: "keys.name.previous",
  open: "keys.name.open",
  reply: "keys.name.reply",
  note: "staff.write.note",
  chat: "keys.name.chat",
  assign: "staff.assign_me",
  write: "keys.name.write",
  stop: "keys.name.stop",
  person: "chat.person.ask",
} as const;

export type Name = keyof typeof names;
