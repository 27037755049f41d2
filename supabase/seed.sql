-- Two people to sign in as on a development database, complete enough for Supabase Auth itself: it
-- reads tokens as text, so they are empty and never null. May run any number of times.
-- The password of both is correct-horse-battery-staple.

with people (id, email, name) as (
  values
    ('00000000-0000-4000-8000-00000000ada1'::uuid, 'ada@example.com', 'Ada'),
    ('00000000-0000-4000-8000-0000009ace01'::uuid, 'grace@example.com', 'Grace')
)
insert into auth.users (
  instance_id,
  id,
  aud,
  role,
  email,
  encrypted_password,
  email_confirmed_at,
  confirmation_token,
  recovery_token,
  email_change_token_new,
  email_change_token_current,
  email_change,
  phone_change,
  phone_change_token,
  reauthentication_token,
  raw_app_meta_data,
  raw_user_meta_data,
  created_at,
  updated_at
)
select
  '00000000-0000-0000-0000-000000000000',
  people.id,
  'authenticated',
  'authenticated',
  people.email,
  extensions.crypt('correct-horse-battery-staple', extensions.gen_salt('bf', 10)),
  now(),
  '', '', '', '', '', '', '', '',
  '{"provider": "email", "providers": ["email"]}',
  jsonb_build_object('name', people.name),
  now(),
  now()
from people
on conflict do nothing;

-- Supabase Auth keeps one identity for each way in which a person may sign in.
insert into auth.identities (
  id,
  user_id,
  provider,
  provider_id,
  identity_data,
  last_sign_in_at,
  created_at,
  updated_at
)
select
  users.id,
  users.id,
  'email',
  users.id::text,
  jsonb_build_object(
    'sub', users.id::text,
    'email', users.email,
    'email_verified', true,
    'phone_verified', false
  ),
  null,
  users.created_at,
  users.updated_at
from auth.users as users
where users.email in ('ada@example.com', 'grace@example.com')
on conflict do nothing;
