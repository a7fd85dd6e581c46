-- name: CreateSession :exec
insert into sessions (tenant_id, id, user_id, token_hash, user_agent, ip, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(token_hash),
        sqlc.arg(user_agent), sqlc.arg(ip), now() + make_interval(secs => sqlc.arg(lifetime_seconds)::float));

-- name: SessionByToken :one
-- The session with its user, and whether it still holds by the database's clock.
select s.id, s.user_id, s.last_seen_at < now() - interval '1 minute' as stale,
       (s.revoked_at is null and s.expires_at > now() and u.disabled_at is null
        and s.last_seen_at > now() - make_interval(secs => sqlc.arg(idle_seconds)::float))::bool as valid,
       u.company_id, u.role, u.name, u.language, u.must_change,
       (u.role in ('technician', 'admin')
        and exists (select 1 from policies p where p.tenant_id = u.tenant_id and p.name = 'staff_totp' and p.value = 'true'::jsonb)
        and not exists (select 1 from totp_factors f where f.tenant_id = u.tenant_id and f.user_id = u.id and f.verified_at is not null))::bool as must_enrol
from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
where s.token_hash = sqlc.arg(token_hash);

-- name: TouchSession :exec
update sessions set last_seen_at = now() where id = sqlc.arg(id);

-- name: SessionsOf :many
select id, user_agent, ip, created_at, last_seen_at from sessions
where user_id = sqlc.arg(user_id) and revoked_at is null and expires_at > now()
  and last_seen_at > now() - make_interval(secs => sqlc.arg(idle_seconds)::float)
order by last_seen_at desc;

-- name: RevokeSession :execrows
update sessions set revoked_at = now()
where id = sqlc.arg(id) and user_id = sqlc.arg(user_id) and revoked_at is null;

-- name: RevokeOtherSessions :many
update sessions set revoked_at = now()
where user_id = sqlc.arg(user_id) and id <> sqlc.arg(keep) and revoked_at is null
returning id;

-- name: OpenSessions :many
-- Which of the sessions hold, by the same rule as SessionByToken.
select s.id from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
where s.id = any(sqlc.arg(ids)::uuid[])
  and s.revoked_at is null and s.expires_at > now() and u.disabled_at is null
  and s.last_seen_at > now() - make_interval(secs => sqlc.arg(idle_seconds)::float);

-- name: SweepSessions :execrows
-- Sessions that ended a month ago; the audit log still knows of them.
delete from sessions where least(revoked_at, expires_at) < now() - interval '30 days';
