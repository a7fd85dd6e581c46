-- +goose Up
-- Every tenant table goes through conserje_protect: row-level security is
-- enabled and forced, and a row is seen only while its tenant is set for the
-- transaction. Unset and '' (what SET LOCAL leaves behind) both mean no rows.
-- +goose StatementBegin
create function conserje_protect(t regclass) returns void language plpgsql as $$
declare
  own constant text := 'tenant_id = nullif(current_setting(''conserje.tenant'', true), '''')::uuid';
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy tenant on %s using (%s) with check (%s)', t, own, own);
  execute format('grant select, insert, update, delete on %s to conserje_app', t);
end $$;
-- +goose StatementEnd

create table tenants (
  tenant_id  uuid primary key,
  slug       text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name       text not null,
  language   text not null default 'en',
  accent     text,
  created_at timestamptz not null default now()
);
select conserje_protect('tenants');

create table tenant_hosts (
  tenant_id uuid not null references tenants on delete cascade,
  host      text not null unique check (host = lower(host)),
  primary key (tenant_id, host)
);
select conserje_protect('tenant_hosts');

create table companies (
  tenant_id  uuid not null references tenants on delete cascade,
  id         uuid not null,
  name       text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
select conserje_protect('companies');

create table company_domains (
  tenant_id  uuid not null,
  company_id uuid not null,
  domain     text not null check (domain = lower(domain)),
  primary key (tenant_id, domain),
  foreign key (tenant_id, company_id) references companies on delete cascade
);
select conserje_protect('company_domains');

create table users (
  tenant_id     uuid not null references tenants on delete cascade,
  id            uuid not null,
  company_id    uuid,
  login         text not null check (login = lower(login)),
  email         text check (email = lower(email)),
  name          text not null,
  role          text not null check (role in ('contact', 'main_contact', 'technician', 'admin')),
  language      text not null default 'en',
  password_hash text,
  disabled_at   timestamptz,
  created_at    timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, login),
  unique (tenant_id, email),
  foreign key (tenant_id, company_id) references companies,
  check ((role in ('contact', 'main_contact')) = (company_id is not null))
);
create index users_company on users (tenant_id, company_id);
select conserje_protect('users');

create table sessions (
  tenant_id    uuid not null,
  id           uuid not null,
  user_id      uuid not null,
  token_hash   bytea not null,
  user_agent   text not null default '',
  ip           text not null default '',
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, token_hash),
  foreign key (tenant_id, user_id) references users on delete cascade
);
create index sessions_user on sessions (tenant_id, user_id);
select conserje_protect('sessions');

-- Counters of attempts per key and window: they hold over restarts and nodes.
create table limits (
  tenant_id    uuid not null references tenants on delete cascade,
  key          text not null,
  window_start timestamptz not null default now(),
  hits         integer not null default 0,
  primary key (tenant_id, key)
);
select conserje_protect('limits');

create table policies (
  tenant_id  uuid not null references tenants on delete cascade,
  name       text not null,
  value      jsonb not null,
  updated_at timestamptz not null default now(),
  updated_by uuid,
  primary key (tenant_id, name),
  foreign key (tenant_id, updated_by) references users
);
select conserje_protect('policies');

create table audit (
  tenant_id uuid not null references tenants on delete cascade,
  id        uuid not null,
  at        timestamptz not null default now(),
  actor     uuid,
  action    text not null,
  object    text not null,
  object_id uuid,
  detail    jsonb not null default '{}',
  primary key (tenant_id, id)
);
create index audit_at on audit (tenant_id, at desc);
select conserje_protect('audit');
-- The record of what was done is only ever added to.
revoke update, delete on audit from conserje_app;

-- Look-ups that come before a tenant is known. They belong to a role without
-- log-in that has its own policies (under FORCE, a function of the tables'
-- owner would see nothing) and return ids only.
grant usage on schema public to conserje_lookup, conserje_app;
grant select (tenant_id) on tenants to conserje_lookup;
create policy lookup on tenants for select to conserje_lookup using (true);
grant select (tenant_id, host) on tenant_hosts to conserje_lookup;
create policy lookup on tenant_hosts for select to conserje_lookup using (true);

create function conserje_tenant_by_host(wanted text) returns uuid
language sql stable security definer set search_path = pg_catalog, public
as $$ select tenant_id from tenant_hosts where host = lower(wanted) $$;

create function conserje_tenants() returns setof uuid
language sql stable security definer set search_path = pg_catalog, public
as $$ select tenant_id from tenants $$;

grant create on schema public to conserje_lookup;
alter function conserje_tenant_by_host(text) owner to conserje_lookup;
alter function conserje_tenants() owner to conserje_lookup;
revoke create on schema public from conserje_lookup;
revoke all on function conserje_tenant_by_host(text), conserje_tenants() from public;
grant execute on function conserje_tenant_by_host(text), conserje_tenants() to conserje_app;
