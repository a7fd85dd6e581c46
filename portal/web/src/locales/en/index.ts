import account from "./account.json";
import actions from "./actions.json";
import admin from "./admin.json";
import articles from "./articles.json";
import audit from "./audit.json";
import chat from "./chat.json";
import common from "./common.json";
import editor from "./editor.json";
import errors from "./errors.json";
import fields from "./fields.json";
import files from "./files.json";
import keys from "./keys.json";
import knowledge from "./knowledge.json";
import login from "./login.json";
import manage from "./manage.json";
import messages from "./messages.json";
import outbox from "./outbox.json";
import people from "./people.json";
import queue from "./queue.json";
import self from "./self.json";
import staff from "./staff.json";
import statuses from "./statuses.json";
import tickets from "./tickets.json";
import trouble from "./trouble.json";
import work from "./work.json";

export default {
  account,
  actions,
  admin,
  articles,
  audit,
  chat,
  common,
  editor,
  errors,
  fields,
  files,
  keys,
  knowledge,
  login,
  manage,
  messages,
  outbox,
  people,
  queue,
  self,
  staff,
  statuses,
  tickets,
  trouble,
  work,
};
