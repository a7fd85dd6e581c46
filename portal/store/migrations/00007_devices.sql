-- +goose Up
-- Computers with an agent. The two public keys were made on the device; the
-- private halves never leave it.
create table devices (
  tenant_id      uuid not null references tenants on delete cascade,
  id             uuid not null,
  company_id     uuid,
  name           text not null,
  system         text not null check (system in ('windows', 'macos', 'linux')),
  system_version text not null default '',
  agent_version  text not null default '',
  sign_key       bytea not null check (octet_length(sign_key) = 32), -- Ed25519
  seal_key       bytea not null check (octet_length(seal_key) = 32), -- X25519
  simulated      boolean not null default false,
  boot_id        text not null default '',
  booted_at      timestamptz,
  last_seen_at   timestamptz,
  online_node    text not null default '',
  link           bigint not null default 0, -- counts links; what an older link reports is stale
  suspect_at     timestamptz,               -- two links with one key: no command until staff look
  revoked_at     timestamptz,
  created_at     timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, sign_key),
  foreign key (tenant_id, company_id) references companies
);
create index devices_company on devices (tenant_id, company_id);
select conserje_protect('devices');

-- Who may act on it, and as which local account (R14).
create table device_assignments (
  tenant_id   uuid not null,
  device_id   uuid not null,
  user_id     uuid not null,
  account     text not null default '', -- local account; empty: staff have not confirmed one
  account_sid text not null default '', -- the system's own id of it
  created_at  timestamptz not null default now(),
  created_by  uuid,
  primary key (tenant_id, device_id, user_id),
  foreign key (tenant_id, device_id) references devices on delete cascade,
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, created_by) references users
);
create index device_assignments_user on device_assignments (tenant_id, user_id);
select conserje_protect('device_assignments');

create table device_accounts (
  tenant_id uuid not null,
  device_id uuid not null,
  name      text not null,
  sid       text not null default '',
  kind      text not null check (kind in ('local', 'domain', 'cloud')),
  logged_in boolean not null default false,
  primary key (tenant_id, device_id, name),
  foreign key (tenant_id, device_id) references devices on delete cascade
);
select conserje_protect('device_accounts');

create table device_packages (
  tenant_id uuid not null,
  device_id uuid not null,
  manager   text not null check (manager in ('chocolatey', 'homebrew_formula', 'homebrew_cask', 'dpkg', 'rpm')),
  package   text not null,
  version   text not null,
  seen_at   timestamptz not null default now(),
  primary key (tenant_id, device_id, manager, package),
  foreign key (tenant_id, device_id) references devices on delete cascade
);
select conserje_protect('device_packages');

-- One-time tokens: single use, short-lived, bound to a company (SECURITY F4).
create table enrolment_tokens (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  company_id uuid,
  user_id    uuid, -- whoever the device will be assigned to
  token_hash bytea not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at    timestamptz,
  device_id  uuid,
  primary key (tenant_id, id),
  unique (tenant_id, token_hash),
  foreign key (tenant_id, company_id) references companies,
  foreign key (tenant_id, user_id) references users on delete cascade,
  foreign key (tenant_id, created_by) references users,
  foreign key (tenant_id, device_id) references devices on delete cascade
);
select conserje_protect('enrolment_tokens');
