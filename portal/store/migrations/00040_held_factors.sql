-- +goose Up
-- When staff last gave a password to, or changed the mail address of, an account
-- that its person had used before: whoever did that could log in as the person.
-- A factor that is set up soon after waits, and an admin may release it.
alter table users add column staff_access_at timestamptz;

-- Why factor_from lies in the future: because of staff_access_at, and not
-- because the owner changed the factor without the old one.
alter table phones add column held boolean not null default false;
alter table totp_factors add column held boolean not null default false;
