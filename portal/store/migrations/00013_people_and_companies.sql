-- +goose Up
-- Two who edit the same company or person: the second is told.
alter table companies add column version integer not null default 1;

alter table users
  add column version integer not null default 1,
  add column must_change boolean not null default false, -- a new password comes before anything else
  add column last_login_at timestamptz;

-- A password that staff gave, sealed under the installation's key, until its
-- person has logged in or chosen another (R4). While the row is there it is the
-- person's password, and users.password_hash is null.
create table first_passwords (
  tenant_id  uuid not null,
  user_id    uuid not null,
  sealed     bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id),
  foreign key (tenant_id, user_id) references users on delete cascade
);
select conserje_protect('first_passwords');
