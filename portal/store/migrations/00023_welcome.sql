-- +goose Up
-- Links with which somebody sets another password, once, within a day (R5). The
-- token is in the mail and nowhere else. A row is there while its link counts:
-- using it, or any other change of the password, deletes it.
create table password_links (
  tenant_id  uuid not null,
  id         uuid not null,
  user_id    uuid not null,
  token_hash bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, token_hash),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index password_links_user on password_links (tenant_id, user_id);
select conserje_protect('password_links');

-- How the last welcome of a person fared.
create index messages_out_user on messages_out (tenant_id, user_id, created_at desc);
