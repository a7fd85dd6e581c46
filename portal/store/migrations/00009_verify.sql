-- +goose Up
-- What is known of how to reach a person. A number is a factor only while
-- verified_at is set (R18).
create table phones (
  tenant_id    uuid not null,
  user_id      uuid not null,
  number       text not null check (number ~ '^\+[1-9][0-9]{4,14}$'), -- E.164
  verified_at  timestamptz,
  factor_from  timestamptz, -- not before this moment, after a change without the old factor
  delete_after timestamptz, -- the owner asked without the old factor: gone at this moment
  updated_at   timestamptz not null default now(),
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index phones_number on phones (tenant_id, number);
select conserje_protect('phones');

create table totp_factors (
  tenant_id   uuid not null,
  user_id     uuid not null,
  sealed      bytea not null,            -- the secret, under the installation's key
  last_step   bigint not null default 0, -- the last time step that was accepted: never again it or one before
  verified_at timestamptz,
  factor_from timestamptz,               -- as with phones: added without the old factor
  created_at  timestamptz not null default now(),
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
select conserje_protect('totp_factors');

-- One code for one act (ASVS 6.5.1, 6.6.2). The code is kept as an HMAC under
-- a key outside the database. 'action' is one action of the ledger, 'phone'
-- proves a number that is not a factor yet, 'change' proves the old factor
-- before a factor changes. The SMS that carried the code has the same id in
-- messages_out.
create table challenges (
  tenant_id  uuid not null,
  id         uuid not null,
  user_id    uuid not null,
  purpose    text not null check (purpose in ('action', 'phone', 'change')),
  action_id  uuid,
  digest     bytea not null,
  number     text not null,
  salt       bytea not null,
  code_mac   bytea not null,
  attempts   integer not null default 0 check (attempts <= 5),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz,
  void_at    timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index challenges_user on challenges (tenant_id, user_id, created_at desc);
select conserje_protect('challenges');

-- What a job must send and must not carry: sealed, short-lived, deleted by
-- sending (rule 5).
create table secret_outbox (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  purpose    text not null,
  owner_id   uuid,
  sealed     bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant_id, id)
);
select conserje_protect('secret_outbox');

-- Mail and SMS: what was sent to whom and how it went; never the text of a
-- secret.
create table messages_out (
  tenant_id   uuid not null references tenants on delete cascade,
  id          uuid not null,
  channel     text not null check (channel in ('sms', 'mail')),
  template    text not null,
  user_id     uuid,
  recipient   text not null,
  language    text not null default 'en',
  state       text not null default 'queued' check (state in ('queued', 'sent', 'delivered', 'failed')),
  detail      text not null default '',
  provider_id text not null default '',
  attempts    integer not null default 0,
  created_at  timestamptz not null default now(),
  sent_at     timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index messages_out_at on messages_out (tenant_id, created_at desc);
select conserje_protect('messages_out');

-- The demo's outbox: what a real provider would have delivered, sealed.
create table demo_outbox (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  channel    text not null check (channel in ('sms', 'mail')),
  user_id    uuid,
  recipient  text not null,
  sealed     bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select conserje_protect('demo_outbox');
