-- +goose Up
-- 'password' lets somebody who forgot it set another one: its code goes by mail,
-- and number holds the address.
alter table challenges drop constraint challenges_purpose_check;
alter table challenges add constraint challenges_purpose_check check (purpose in ('action', 'phone', 'change', 'password'));
