-- +goose Up
-- Files that people send. The bytes lie in the file store under the tenant and
-- the id; this row says what they are and where they belong. A file is sent
-- first and attached afterwards, to one of three places; who sees that place
-- sees the file. An internal note is its reply's own property, so that the
-- note's files cannot be less internal than the note.
create table files (
  tenant_id       uuid not null references tenants on delete cascade,
  id              uuid not null,
  uploader_id     uuid not null,
  name            text not null check (length(name) between 1 and 200),
  type            text not null,
  size            bigint not null check (size >= 0),
  sha256          bytea not null,
  picture         boolean not null default false, -- made anew by us, so that it may stand in a page
  width           integer,
  height          integer,
  ticket_id       uuid,
  reply_id        uuid,
  conversation_id uuid,
  position        integer not null default 0,
  created_at      timestamptz not null default now(),
  stored_at       timestamptz, -- the bytes are there
  deleted_at      timestamptz,
  purged_at       timestamptz, -- the bytes are gone
  primary key (tenant_id, id),
  foreign key (tenant_id, uploader_id) references users,
  foreign key (tenant_id, ticket_id) references tickets,
  foreign key (tenant_id, reply_id) references ticket_replies,
  foreign key (tenant_id, conversation_id) references conversations,
  check (num_nonnulls(ticket_id, reply_id, conversation_id) <= 1),
  check (picture = (width is not null and height is not null)),
  check (purged_at is null or deleted_at is not null)
);
create index files_ticket on files (tenant_id, ticket_id) where ticket_id is not null;
create index files_reply on files (tenant_id, reply_id) where reply_id is not null;
create index files_conversation on files (tenant_id, conversation_id) where conversation_id is not null;
create index files_loose on files (tenant_id, created_at) where num_nonnulls(ticket_id, reply_id, conversation_id) = 0;
create index files_to_purge on files (tenant_id, deleted_at) where deleted_at is not null and purged_at is null;
select conserje_protect('files');
