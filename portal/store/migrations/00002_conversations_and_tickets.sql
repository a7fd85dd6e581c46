-- +goose Up
create table conversations (
  tenant_id  uuid not null,
  id         uuid not null,
  user_id    uuid not null,
  company_id uuid,
  title      text not null default '',
  language   text not null default 'en',
  handoff    text not null default 'none' check (handoff in ('none', 'requested', 'taken')),
  handoff_by uuid,
  last_seq   bigint not null default 0,
  last_hash  bytea not null default ''::bytea,
  created_at timestamptz not null default now(),
  last_at    timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, company_id) references companies,
  foreign key (tenant_id, handoff_by) references users
);
create index conversations_user on conversations (tenant_id, user_id, last_at desc);
select conserje_protect('conversations');

-- The append-only log. body holds the canonical bytes that were hashed; erasing
-- a person sets body and salt to null and leaves the chain verifiable.
create table conversation_events (
  tenant_id       uuid not null,
  conversation_id uuid not null,
  seq             bigint not null check (seq > 0),
  kind            text not null,
  body            bytea,
  at              timestamptz not null,
  salt            bytea,
  prev_hash       bytea not null,
  hash            bytea not null,
  primary key (tenant_id, conversation_id, seq),
  foreign key (tenant_id, conversation_id) references conversations
);
select conserje_protect('conversation_events');
-- Not even the application can rewrite what was said; erasure touches two columns.
revoke update, delete on conversation_events from conserje_app;
grant update (body, salt) on conversation_events to conserje_app;

-- What each client already said: the same id again gets the same answer.
create table said (
  tenant_id       uuid not null,
  user_id         uuid not null,
  message_id      text not null check (length(message_id) between 1 and 64),
  conversation_id uuid not null,
  seq             bigint not null,
  text_hash       bytea not null,
  primary key (tenant_id, user_id, message_id),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, conversation_id) references conversations
);
select conserje_protect('said');

create table turns (
  tenant_id         uuid not null,
  id                uuid not null,
  conversation_id   uuid not null,
  message_seq       bigint not null,
  state             text not null default 'waiting' check (state in ('waiting', 'running', 'ended')),
  fence             bigint not null default 0,
  node              text not null default '',
  lease_until       timestamptz,
  attempts          integer not null default 0,
  stop_requested_at timestamptz,
  reason            text,
  code              text,
  input_tokens      integer not null default 0,
  output_tokens     integer not null default 0,
  created_at        timestamptz not null default now(),
  started_at        timestamptz,
  ended_at          timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, conversation_id, message_seq),
  foreign key (tenant_id, conversation_id) references conversations,
  check ((state = 'ended') = (ended_at is not null and reason is not null))
);
-- One turn runs per conversation: the database says so, not a lock in a process.
create unique index turns_one_running on turns (tenant_id, conversation_id) where state = 'running';
create index turns_open on turns (created_at) where state <> 'ended';
select conserje_protect('turns');

create table token_usage (
  tenant_id     uuid not null references tenants on delete cascade,
  day           date not null,
  input_tokens  bigint not null default 0,
  output_tokens bigint not null default 0,
  primary key (tenant_id, day)
);
select conserje_protect('token_usage');

create table ticket_counters (
  tenant_id uuid primary key references tenants on delete cascade,
  last      bigint not null default 0
);
select conserje_protect('ticket_counters');

create table tickets (
  tenant_id       uuid not null,
  id              uuid not null,
  number          bigint not null,
  requester_id    uuid not null,
  company_id      uuid,
  conversation_id uuid,
  session         boolean not null default false, -- the one that its conversation opened by itself (R10)
  origin          text not null check (origin in ('chat', 'manual', 'handoff')),
  subject         text not null,
  description     text not null default '',
  status          text not null default 'new' check (status in ('new', 'open', 'pending', 'resolved', 'closed')),
  priority        text not null default 'normal' check (priority in ('low', 'normal', 'high', 'urgent')),
  assignee_id     uuid,
  version         integer not null default 1,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, number),
  foreign key (tenant_id, requester_id) references users,
  foreign key (tenant_id, company_id) references companies,
  foreign key (tenant_id, conversation_id) references conversations,
  foreign key (tenant_id, assignee_id) references users
);
create unique index tickets_session on tickets (tenant_id, conversation_id) where session;
create index tickets_requester on tickets (tenant_id, requester_id, updated_at desc);
create index tickets_company on tickets (tenant_id, company_id, updated_at desc);
create index tickets_queue on tickets (tenant_id, status, updated_at desc);
select conserje_protect('tickets');

create table ticket_replies (
  tenant_id  uuid not null,
  id         uuid not null,
  ticket_id  uuid not null,
  author_id  uuid not null,
  text       text not null,
  internal   boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, ticket_id) references tickets,
  foreign key (tenant_id, author_id) references users
);
create index ticket_replies_ticket on ticket_replies (tenant_id, ticket_id, created_at);
select conserje_protect('ticket_replies');

-- Keys of POSTs with effects: the same key again gets the first answer.
create table idempotency_keys (
  tenant_id  uuid not null,
  user_id    uuid not null,
  key        text not null check (length(key) between 1 and 128),
  request    bytea not null,
  status     integer not null,
  response   bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id, key),
  foreign key (tenant_id, user_id) references users on delete cascade
);
select conserje_protect('idempotency_keys');

-- Turns that wait or whose lease ran out, for every tenant: ids only.
grant select (tenant_id, id, state, lease_until, created_at) on turns to conserje_lookup;
create policy lookup on turns for select to conserje_lookup using (true);
create function conserje_due_turns(at_most integer) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id, t.id from turns t
  where (t.state = 'running' and t.lease_until < now())
     or (t.state = 'waiting' and t.created_at < now() - interval '3 seconds')
  order by t.created_at limit at_most
$$;
grant create on schema public to conserje_lookup;
alter function conserje_due_turns(integer) owner to conserje_lookup;
revoke create on schema public from conserje_lookup;
revoke all on function conserje_due_turns(integer) from public;
grant execute on function conserje_due_turns(integer) to conserje_app;
