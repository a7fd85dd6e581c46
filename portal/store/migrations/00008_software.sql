-- +goose Up
-- Where packages come from, besides the public sources. Credentials are sealed
-- with the installation's key.
create table software_sources (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  manager    text not null check (manager in ('chocolatey', 'homebrew')),
  name       text not null,
  url        text not null check (url ~ '^https://'),
  sealed     bytea,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
select conserje_protect('software_sources');

create table software (
  tenant_id   uuid not null references tenants on delete cascade,
  id          uuid not null,
  name        text not null,
  publisher   text not null default '',
  description text not null default '',
  icon        text not null default '',
  audience    text not null default 'everyone' check (audience in ('everyone', 'companies', 'users')),
  version     integer not null default 1, -- changes with every edit; part of an action's digest
  retired_at  timestamptz,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  primary key (tenant_id, id)
);
select conserje_protect('software');

-- How it is installed on one system. No row for a system: it cannot be.
create table software_packages (
  tenant_id   uuid not null,
  software_id uuid not null,
  system      text not null check (system in ('windows', 'macos')),
  manager     text not null check (manager in ('chocolatey', 'homebrew_formula', 'homebrew_cask')),
  package     text not null check (package ~ '^[A-Za-z0-9][A-Za-z0-9@+._-]{0,99}$'),
  version     text not null default '' check (version ~ '^([A-Za-z0-9][A-Za-z0-9+._-]{0,63})?$'), -- empty: the newest
  source_id   uuid,
  primary key (tenant_id, software_id, system),
  foreign key (tenant_id, software_id) references software on delete cascade,
  foreign key (tenant_id, source_id) references software_sources,
  check ((system = 'windows') = (manager = 'chocolatey'))
);
select conserje_protect('software_packages');

create table software_audience (
  tenant_id   uuid not null,
  software_id uuid not null,
  company_id  uuid,
  user_id     uuid,
  id          uuid not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, software_id) references software on delete cascade,
  foreign key (tenant_id, company_id) references companies on delete cascade,
  foreign key (tenant_id, user_id) references users on delete cascade,
  check ((company_id is null) <> (user_id is null))
);
create index software_audience_software on software_audience (tenant_id, software_id);
select conserje_protect('software_audience');

-- Wishes for what is not in the catalogue (B11).
create table software_requests (
  tenant_id       uuid not null,
  id              uuid not null,
  user_id         uuid not null,
  device_id       uuid,
  conversation_id uuid,
  ticket_id       uuid,
  name            text not null,
  reason          text not null default '',
  state           text not null default 'open' check (state in ('open', 'approved', 'declined')),
  software_id     uuid,
  action_id       uuid,
  decided_by      uuid,
  decided_at      timestamptz,
  answer          text not null default '',
  created_at      timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, user_id) references users,
  foreign key (tenant_id, device_id) references devices,
  foreign key (tenant_id, conversation_id) references conversations,
  foreign key (tenant_id, ticket_id) references tickets,
  foreign key (tenant_id, software_id) references software,
  foreign key (tenant_id, decided_by) references users
);
create index software_requests_state on software_requests (tenant_id, state, created_at);
select conserje_protect('software_requests');
