-- name: OwnDevices :many
-- The devices assigned to a person, as the assistant is told of them.
select d.id, d.name, d.system, (d.online_node <> '' and d.last_seen_at > now() - interval '75 seconds')::bool as online
from devices d join device_assignments a on a.device_id = d.id
where a.user_id = sqlc.arg(user_id) and d.revoked_at is null
order by d.name, d.id limit 50;

-- name: OwnActions :many
-- The latest actions of a person, newest first.
select a.id, a.operation, a.state, a.outcome, a.code, a.proposed_at, d.name as device, coalesce(s.name, '')::text as software
from actions a join devices d on d.id = a.device_id left join software s on s.id = a.software_id
where a.user_id = sqlc.arg(user_id)
order by a.proposed_at desc, a.id desc limit sqlc.arg(at_most);
