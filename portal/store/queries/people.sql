-- name: UserByLogin :one
-- By user name or mail address; a user name wins over another's address.
select * from users where login = sqlc.arg(login) or email = sqlc.arg(login)
order by (login = sqlc.arg(login)) desc limit 1;

-- name: UserByID :one
select * from users where id = sqlc.arg(id);

-- name: ProfileByID :one
select u.id, u.login, u.email, u.name, u.role, u.language, u.company_id, c.name as company_name,
       t.name as tenant_name, t.slug as tenant_slug, t.accent as tenant_accent
from users u
join tenants t on t.tenant_id = u.tenant_id
left join companies c on c.tenant_id = u.tenant_id and c.id = u.company_id
where u.id = sqlc.arg(id);

-- name: CreateUser :exec
insert into users (tenant_id, id, company_id, login, email, name, role, language, password_hash)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.narg(company_id), sqlc.arg(login), sqlc.narg(email),
        sqlc.arg(name), sqlc.arg(role), sqlc.arg(language), sqlc.narg(password_hash));

-- name: UpdateProfile :exec
update users set name = coalesce(sqlc.narg(name)::text, name), language = coalesce(sqlc.narg(language)::text, language)
where id = sqlc.arg(id);

-- name: SetPasswordHash :exec
update users set password_hash = sqlc.arg(password_hash)::text where id = sqlc.arg(id);

-- name: CreateCompany :exec
insert into companies (tenant_id, id, name) values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(name));

-- name: AddCompanyDomain :exec
insert into company_domains (tenant_id, company_id, domain)
values (sqlc.arg(tenant_id), sqlc.arg(company_id), sqlc.arg(domain));

-- name: ListUsers :many
select u.id, u.login, u.email, u.name, u.role, u.language, u.disabled_at, u.created_at, u.company_id, c.name as company_name
from users u left join companies c on c.tenant_id = u.tenant_id and c.id = u.company_id
where u.name > sqlc.arg(after_name) or (u.name = sqlc.arg(after_name) and u.id > sqlc.arg(after_id))
order by u.name, u.id limit sqlc.arg(at_most);

-- name: ListCompanies :many
select c.id, c.name, c.created_at,
  coalesce((select array_agg(d.domain order by d.domain) from company_domains d
            where d.tenant_id = c.tenant_id and d.company_id = c.id), '{}')::text[] as domains
from companies c order by c.name, c.id;

-- name: CompanyByName :one
select id from companies where lower(name) = lower(sqlc.arg(name)::text) order by id limit 1;

-- name: HasCompany :one
select exists (select 1 from companies where id = sqlc.arg(id))::bool;
