-- +goose Up
-- From when on a person may act on a device that a technician took from somebody
-- else's hands; null: at once.
alter table device_assignments add column acts_from timestamptz;
