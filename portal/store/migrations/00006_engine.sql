-- +goose Up
-- Tokens that running turns may still use, charged before they do: a crash
-- leaves them charged for the day. Spread over shards, so that a tenant's turns
-- do not wait for each other.
create table token_holds (
  tenant_id uuid not null references tenants on delete cascade,
  day       date not null,
  shard     smallint not null,
  tokens    bigint not null default 0,
  primary key (tenant_id, day, shard)
);
select conserje_protect('token_holds');

-- What older turns of a long conversation came to, for the model's context:
-- up to and with the turn of the message upto_seq. A view of the log that can
-- be made again; erasing the person erases it.
create table conversation_summaries (
  tenant_id       uuid not null,
  conversation_id uuid not null,
  upto_seq        bigint not null,
  text            text not null,
  updated_at      timestamptz not null default now(),
  primary key (tenant_id, conversation_id),
  foreign key (tenant_id, conversation_id) references conversations on delete cascade
);
select conserje_protect('conversation_summaries');
