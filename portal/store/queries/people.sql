-- name: UserByLogin :one
-- By user name or mail address; a user name wins over another's address.
select * from users where login = sqlc.arg(login) or email = sqlc.arg(login)
order by (login = sqlc.arg(login)) desc limit 1;

-- name: UserByID :one
select * from users where id = sqlc.arg(id);

-- name: ProfileByID :one
select u.id, u.login, u.email, u.name, u.role, u.language, u.must_change, u.company_id, c.name as company_name,
       t.name as tenant_name, t.slug as tenant_slug, t.accent as tenant_accent
from users u
join tenants t on t.tenant_id = u.tenant_id
left join companies c on c.tenant_id = u.tenant_id and c.id = u.company_id
where u.id = sqlc.arg(id);

-- name: CreateUser :exec
insert into users (tenant_id, id, company_id, login, email, name, role, language, password_hash, must_change)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.narg(company_id), sqlc.arg(login), sqlc.narg(email),
        sqlc.arg(name), sqlc.arg(role), sqlc.arg(language), sqlc.narg(password_hash), sqlc.arg(must_change));

-- name: UpdateProfile :exec
update users set name = coalesce(sqlc.narg(name)::text, name), language = coalesce(sqlc.narg(language)::text, language)
where id = sqlc.arg(id);

-- name: SetPasswordHash :exec
-- The person's own choice: nobody asks for another one any more.
update users set password_hash = sqlc.arg(password_hash)::text, must_change = false where id = sqlc.arg(id);

-- name: KeepPasswordHash :exec
-- The password that staff gave, used for the first time.
update users set password_hash = sqlc.arg(password_hash)::text where id = sqlc.arg(id);

-- name: ForgetPasswordHash :exec
-- What staff gave takes the place of what was.
update users set password_hash = null, must_change = sqlc.arg(must_change), version = version + 1,
  staff_access_at = case when last_login_at is null then staff_access_at else now() end
where id = sqlc.arg(id);

-- name: PutFirstPassword :exec
insert into first_passwords (tenant_id, user_id, sealed) values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(sealed))
on conflict (tenant_id, user_id) do update set sealed = excluded.sealed, created_at = now();

-- name: FirstPassword :one
select sealed from first_passwords where user_id = sqlc.arg(user_id);

-- name: DropFirstPassword :exec
delete from first_passwords where user_id = sqlc.arg(user_id);

-- name: UserSeen :exec
update users set last_login_at = now() where id = sqlc.arg(id);

-- name: HoldUser :one
select * from users where id = sqlc.arg(id) for no key update;

-- name: Users :many
-- One, or all that fit; by name, after the cursor.
select u.id, u.login, u.email, u.name, u.role, u.language, u.disabled_at, u.created_at, u.last_login_at, u.must_change, u.version,
  u.company_id, c.name as company_name,
  exists (select 1 from first_passwords f where f.tenant_id = u.tenant_id and f.user_id = u.id)::bool as first_password
from users u left join companies c on c.tenant_id = u.tenant_id and c.id = u.company_id
where (sqlc.narg(id)::uuid is null or u.id = sqlc.narg(id)::uuid)
  and (cardinality(sqlc.arg(ids)::uuid[]) = 0 or u.id = any (sqlc.arg(ids)::uuid[]))
  and (u.name, u.id) > (sqlc.arg(after_name)::text, sqlc.arg(after_id)::uuid)
  and (sqlc.narg(company)::uuid is null or u.company_id = sqlc.narg(company)::uuid)
  and (sqlc.arg(role)::text = '' or u.role = sqlc.arg(role)::text)
  and (case sqlc.arg(state)::text
    when 'active' then u.disabled_at is null
    when 'disabled' then u.disabled_at is not null
    when 'waiting' then u.disabled_at is null
      and exists (select 1 from first_passwords f where f.tenant_id = u.tenant_id and f.user_id = u.id)
    else true end)
  and not exists (
    select 1 from unnest(sqlc.arg(words)::text[]) as w
    where strpos(lower(concat_ws(' ', u.name, u.login, u.email, c.name)), w) = 0)
order by u.name, u.id limit sqlc.arg(at_most);

-- name: ChangeUser :exec
update users set name = sqlc.arg(name), login = sqlc.arg(login), email = sqlc.narg(email), role = sqlc.arg(role),
  company_id = sqlc.narg(company_id), language = sqlc.arg(language), version = version + 1,
  staff_access_at = case when last_login_at is null or email is not distinct from sqlc.narg(email) then staff_access_at else now() end,
  disabled_at = case when sqlc.arg(disabled)::bool then coalesce(disabled_at, now()) end
where id = sqlc.arg(id);

-- name: WhoHas :one
-- Whose the user name or the mail address is.
select id, login, email from users
where id <> sqlc.arg(id) and (login = sqlc.arg(login)::text or email = sqlc.arg(email)::text)
order by (login = sqlc.arg(login)::text) desc limit 1;

-- name: LoginsLike :many
select login from users where starts_with(login, sqlc.arg(base)::text);

-- name: OtherAdmins :one
select count(*) from users where role = 'admin' and disabled_at is null and id <> sqlc.arg(id);

-- name: PutPasswordLink :exec
insert into password_links (tenant_id, id, user_id, token_hash, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(token_hash), now() + make_interval(secs => sqlc.arg(life_seconds)::float));

-- name: DropPasswordLinks :exec
delete from password_links where user_id = sqlc.arg(user_id);

-- name: UsePasswordLink :execrows
delete from password_links where token_hash = sqlc.arg(token_hash) and expires_at > now();

-- name: UserByLink :one
select u.* from users u join password_links l on l.tenant_id = u.tenant_id and l.user_id = u.id
where l.token_hash = sqlc.arg(token_hash) and l.expires_at > now() and u.disabled_at is null;

-- name: LastWelcome :one
select state, detail, created_at from messages_out
where user_id = sqlc.arg(user_id)::uuid and template in ('welcome', 'welcome_link')
order by created_at desc, id desc limit 1;

-- name: AllUsers :many
select * from users;

-- name: CreateUsers :exec
insert into users (tenant_id, id, company_id, login, email, name, role, language, must_change)
select sqlc.arg(tenant_id), n.id, n.company, n.login, nullif(n.email, ''), n.name, n.role, n.language, sqlc.arg(must_change)
from (select unnest(sqlc.arg(ids)::uuid[]) as id, unnest(sqlc.arg(companies)::uuid[]) as company, unnest(sqlc.arg(logins)::text[]) as login,
             unnest(sqlc.arg(emails)::text[]) as email, unnest(sqlc.arg(names)::text[]) as name, unnest(sqlc.arg(roles)::text[]) as role,
             unnest(sqlc.arg(languages)::text[]) as language) n;

-- name: PutFirstPasswords :exec
insert into first_passwords (tenant_id, user_id, sealed)
select sqlc.arg(tenant_id), p.user_id, p.sealed
from (select unnest(sqlc.arg(users)::uuid[]) as user_id, unnest(sqlc.arg(sealed)::bytea[]) as sealed) p;

-- name: NotePhones :exec
-- Contact data for many; a number that its owner has proved stays.
insert into phones as p (tenant_id, user_id, number)
select sqlc.arg(tenant_id), n.user_id, n.number
from (select unnest(sqlc.arg(users)::uuid[]) as user_id, unnest(sqlc.arg(numbers)::text[]) as number) n
on conflict (tenant_id, user_id) do update set number = excluded.number, updated_at = now()
where p.verified_at is null;

-- name: ExportUsers :many
select u.name, u.email, u.login, c.name as company_name, p.number, u.language, u.role, u.disabled_at
from users u
left join companies c on c.tenant_id = u.tenant_id and c.id = u.company_id
left join phones p on p.tenant_id = u.tenant_id and p.user_id = u.id
where (sqlc.narg(company)::uuid is null or u.company_id = sqlc.narg(company)::uuid)
  and (sqlc.arg(role)::text = '' or u.role = sqlc.arg(role)::text)
  and (case sqlc.arg(state)::text
    when 'active' then u.disabled_at is null
    when 'disabled' then u.disabled_at is not null
    when 'waiting' then u.disabled_at is null
      and exists (select 1 from first_passwords f where f.tenant_id = u.tenant_id and f.user_id = u.id)
    else true end)
  and not exists (
    select 1 from unnest(sqlc.arg(words)::text[]) as w
    where strpos(lower(concat_ws(' ', u.name, u.login, u.email, c.name)), w) = 0)
order by u.name, u.id;
