-- name: LockFactors :one
-- Everything that looks at a person's factors and then acts on what it saw
-- holds this lock, so that a code and a change of factors cannot pass each
-- other.
select id from users where id = sqlc.arg(user_id) for no key update;

-- name: FactorOwner :one
-- Whose the factors are; held: staff could have logged in as this person since
-- a moment ago, so that a first factor waits.
select role, coalesce(staff_access_at > now() - make_interval(secs => sqlc.arg(wait_seconds)::float), false)::bool as held
from users where id = sqlc.arg(user_id);

-- name: RenewStaffAccess :exec
-- Staff took a factor away: whoever gave the person a password not long ago
-- gains nothing by having waited.
update users set staff_access_at = now()
where id = sqlc.arg(user_id) and staff_access_at > now() - interval '30 days';

-- name: ReleaseOwner :execrows
update users set staff_access_at = null where id = sqlc.arg(user_id) and staff_access_at is not null;

-- name: ReleasePhone :execrows
update phones set factor_from = null, held = false, updated_at = now()
where user_id = sqlc.arg(user_id) and verified_at is not null and factor_from > now();

-- name: ReleaseTOTP :execrows
update totp_factors set factor_from = null, held = false
where user_id = sqlc.arg(user_id) and verified_at is not null and factor_from > now();

-- name: PhoneOf :one
select number, verified_at, factor_from, delete_after, held,
       (verified_at is not null and coalesce(factor_from <= now(), true) and coalesce(delete_after > now(), true))::bool as ready
from phones where user_id = sqlc.arg(user_id);

-- name: SavePhone :exec
-- A number that its owner has proved. wait_seconds is how long it is no factor
-- yet; 0 keeps what is there when the number is the same.
insert into phones (tenant_id, user_id, number, verified_at, factor_from, held)
values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(number), now(),
        case when sqlc.arg(wait_seconds)::float > 0 then now() + make_interval(secs => sqlc.arg(wait_seconds)::float) end, sqlc.arg(held))
on conflict (tenant_id, user_id) do update set
  number = excluded.number, verified_at = now(), delete_after = null, updated_at = now(),
  factor_from = coalesce(excluded.factor_from, case when phones.number = excluded.number then phones.factor_from end),
  held = excluded.held or phones.held and phones.number = excluded.number;

-- name: SetContactPhone :exec
-- A number that somebody else typed: contact data, and no factor.
insert into phones (tenant_id, user_id, number) values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(number))
on conflict (tenant_id, user_id) do update set
  number = excluded.number, verified_at = null, factor_from = null, delete_after = null, held = false, updated_at = now();

-- name: DeletePhone :execrows
delete from phones where user_id = sqlc.arg(user_id);

-- name: DeletePhoneLater :one
update phones set delete_after = coalesce(delete_after, now() + make_interval(secs => sqlc.arg(wait_seconds)::float)), updated_at = now()
where user_id = sqlc.arg(user_id) returning delete_after;

-- name: DuePhones :many
select user_id from phones where delete_after <= now() limit 200;

-- name: DeleteDuePhone :execrows
delete from phones where user_id = sqlc.arg(user_id) and delete_after <= now();

-- name: PeopleWithNumber :one
select count(*) from phones where number = sqlc.arg(number) and verified_at is not null and user_id <> sqlc.arg(user_id);

-- name: TOTPOf :one
select sealed, last_step, verified_at, factor_from, held,
       (verified_at is not null and coalesce(factor_from <= now(), true))::bool as ready
from totp_factors where user_id = sqlc.arg(user_id);

-- name: BeginTOTP :execrows
insert into totp_factors (tenant_id, user_id, sealed) values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(sealed))
on conflict (tenant_id, user_id) do update set sealed = excluded.sealed, last_step = 0, created_at = now()
where totp_factors.verified_at is null;

-- name: ConfirmTOTP :execrows
update totp_factors set verified_at = now(), last_step = sqlc.arg(step), held = sqlc.arg(held),
  factor_from = case when sqlc.arg(wait_seconds)::float > 0 then now() + make_interval(secs => sqlc.arg(wait_seconds)::float) end
where user_id = sqlc.arg(user_id) and verified_at is null and sealed = sqlc.arg(sealed);

-- name: AcceptTOTPStep :execrows
-- One time step is accepted once, and none before it ever again.
update totp_factors set last_step = sqlc.arg(step)
where user_id = sqlc.arg(user_id) and sealed = sqlc.arg(sealed) and last_step < sqlc.arg(step)
  and verified_at is not null and coalesce(factor_from <= now(), true);

-- name: DeleteTOTP :execrows
delete from totp_factors where user_id = sqlc.arg(user_id);

-- name: CreateChallenge :exec
insert into challenges (tenant_id, id, user_id, purpose, action_id, digest, number, salt, code_mac, expires_at)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.arg(purpose), sqlc.narg(action_id), sqlc.arg(digest),
        sqlc.arg(number), sqlc.arg(salt), sqlc.arg(code_mac), now() + make_interval(secs => sqlc.arg(life_seconds)::float));

-- name: ChargeChallenge :one
-- Takes one of the five checks of the newest code for this very thing.
update challenges as c set attempts = c.attempts + 1
where c.id = (select l.id from challenges l
              where l.user_id = sqlc.arg(user_id) and l.purpose = sqlc.arg(purpose)
                and l.action_id is not distinct from sqlc.narg(action_id)
              order by l.created_at desc, l.id desc limit 1)
  and (sqlc.narg(digest)::bytea is null or c.digest = sqlc.narg(digest)::bytea)
  and c.attempts < 5 and c.used_at is null and c.void_at is null and c.expires_at > now()
returning c.id, c.digest, c.number, c.salt, c.code_mac, c.attempts;

-- name: LastChallenge :one
select id, number, attempts, used_at, (void_at is not null)::bool as void, (expires_at <= now())::bool as expired, digest
from challenges
where user_id = sqlc.arg(user_id) and purpose = sqlc.arg(purpose) and action_id is not distinct from sqlc.narg(action_id)
order by created_at desc, id desc limit 1;

-- name: UseChallenge :execrows
update challenges set used_at = now()
where id = sqlc.arg(id) and used_at is null and void_at is null and expires_at > now();

-- name: VoidChallenges :exec
-- All of a person's codes, or those for one thing.
update challenges set void_at = now()
where user_id = sqlc.arg(user_id) and used_at is null and void_at is null
  and (sqlc.narg(purpose)::text is null
       or purpose = sqlc.narg(purpose)::text and action_id is not distinct from sqlc.narg(action_id)::uuid);

-- name: OpenChallenges :many
select id, digest, salt, code_mac from challenges
where user_id = sqlc.arg(user_id) and used_at is null and void_at is null and expires_at > now() and attempts < 5
order by created_at desc limit 20;

-- name: ChargeOne :exec
update challenges set attempts = least(attempts + 1, 5) where id = sqlc.arg(id);

-- name: SweepChallenges :exec
delete from challenges where expires_at < now() - interval '1 day';
