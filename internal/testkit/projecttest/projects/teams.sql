-- Multi-tenant SaaS: organizations, memberships, invitations and what belongs to an organization. Policies call
-- functions with SECURITY DEFINER in the schema private, which the API does not expose. organizations.owner_membership
-- and memberships.org refer to each other: the tables cannot be filled in any order while both keys are checked. A
-- trigger on auth.users gives each new user an organization, from the email.

create schema private;
grant usage on schema private to authenticated, service_role;

create type public.org_role as enum ('owner', 'admin', 'member', 'guest');

create table public.organizations (
  id               uuid primary key default gen_random_uuid(),
  name             text not null,
  slug             text not null unique,
  plan             text not null default 'free' check (plan in ('free', 'team', 'enterprise')),
  owner_membership uuid,
  settings         jsonb not null default '{"locale": "en"}',
  created_at       timestamptz not null default now()
);

create table public.memberships (
  id         uuid primary key default gen_random_uuid(),
  org        uuid not null references public.organizations (id) on delete cascade,
  user_id    uuid not null references auth.users (id) on delete cascade,
  role       public.org_role not null default 'member',
  invited_by uuid references public.memberships (id) on delete set null,
  created_at timestamptz not null default now(),
  unique (org, user_id)
);
alter table public.organizations add constraint organizations_owner_membership_fkey
  foreign key (owner_membership) references public.memberships (id) on delete set null;

create table public.invitations (
  id         bigint generated always as identity (start with 100 increment by 10) primary key,
  org        uuid not null references public.organizations (id) on delete cascade,
  email      text not null,
  role       public.org_role not null default 'guest',
  token      text not null unique default encode(extensions.gen_random_bytes(16), 'hex'),
  invited_by uuid not null references auth.users (id),
  expires_at timestamptz not null
);

create table public.projects (
  id          uuid primary key default extensions.uuid_generate_v4(),
  org         uuid not null references public.organizations (id) on delete cascade,
  name        text not null,
  lead        uuid references auth.users (id) on delete set null,
  archived_at timestamptz
);
create index projects_live_idx on public.projects (org, lower(name)) include (lead) where archived_at is null;

create table private.audit_log (
  id     bigserial primary key,
  at     timestamptz not null default clock_timestamp(),
  actor  uuid, -- no foreign key: the entries outlive the user
  org    uuid,
  action text not null,
  detail json
);

insert into public.organizations (id, name, slug, plan, settings, created_at)
select md5('org ' || n)::uuid, 'Organization ' || n, 'org-' || n, (array['free', 'team', 'enterprise'])[1 + n % 3],
  jsonb_build_object('locale', 'en', 'seats', n), timestamptz '2025-03-01 00:00:00+00' + n * interval '1 day'
from generate_series(1, 10) n;

insert into public.memberships (id, org, user_id, role, created_at)
select md5('membership ' || n || ' ' || p)::uuid, md5('org ' || n)::uuid, pg_temp.person(p),
  (case when p = n % 8 then 'owner' when p = (n + 5) % 8 then 'admin' when p % 3 = 0 then 'guest' else 'member' end)
    ::public.org_role,
  timestamptz '2025-04-01 00:00:00+00' + (n * 8 + p) * interval '1 hour'
from generate_series(1, 10) n, generate_series(0, 7) p
where p = n % 8 or (p * 5 + n * 3) % 7 < 3;

update public.organizations o
set owner_membership = m.id
from public.memberships m
where m.org = o.id and m.role = 'owner' and o.slug <> 'org-9';

update public.memberships m
set invited_by = o.owner_membership
from public.organizations o
where o.id = m.org and m.role in ('guest', 'member');

-- The first invitation of an organization is for Ben, the second for Cleo, unless they are members.
insert into public.invitations (org, email, role, token, invited_by, expires_at)
select m.org, coalesce(u.email, 'person' || n || '@new.example'), 'guest', md5('token ' || m.id || n), m.user_id,
  timestamptz '2026-08-01 00:00:00+00' + n * interval '1 day'
from public.memberships m
cross join generate_series(1, 3) n
left join auth.users u on n < 3 and u.id = pg_temp.person(n)
  and not exists (select from public.memberships x where x.org = m.org and x.user_id = u.id)
where m.role = 'owner';

insert into public.projects (id, org, name, lead, archived_at)
select md5('project ' || m.id)::uuid, m.org, 'Project of ' || right(m.user_id::text, 1),
  case when m.role <> 'guest' then m.user_id end,
  case when right(m.user_id::text, 1) = '4' then timestamptz '2026-01-01 00:00:00+00' end
from public.memberships m;

insert into private.audit_log (at, actor, org, action, detail)
select m.created_at, m.user_id, m.org, 'membership.created', '{"role":  "member", "role": "guest"}'::json
from public.memberships m
union all
select '2025-02-01 00:00:00+00', '8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0999', null, 'user.deleted', null;

create function private.my_orgs() returns setof uuid language sql stable security definer set search_path = '' as $$
  select org from public.memberships where user_id = (select auth.uid())
$$;
comment on function private.my_orgs() is 'the organizations of the user who sends the request';

create function private.has_role(organization uuid, variadic roles public.org_role[]) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (
    select from public.memberships
    where org = organization and user_id = auth.uid() and role = any (roles)
  )
$$;

-- Policies cannot read auth.users: the roles of the API have no privilege to.
create function private.email_of(person uuid) returns text
language sql stable security definer set search_path = '' as $$
  select email from auth.users where id = person and deleted_at is null
$$;
revoke execute on all functions in schema private from public;
grant execute on all functions in schema private to authenticated, service_role;

create function private.write_audit_log() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into private.audit_log (actor, org, action, detail)
  values (auth.uid(), coalesce(new.org, old.org), tg_table_name || '.' || lower(tg_op), to_json(new));
  return coalesce(new, old);
end;
$$;
create trigger audit after insert or update or delete on public.projects
  for each row execute function private.write_audit_log();
create trigger audit_role after update of role on public.memberships
  for each row when (old.role is distinct from new.role) execute function private.write_audit_log();

create function private.create_own_organization() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  new_org uuid;
begin
  insert into public.organizations (name, slug)
  values (coalesce(new.raw_user_meta_data ->> 'company', split_part(new.email, '@', 1)), new.id::text)
  returning id into new_org;
  with owner as (
    insert into public.memberships (org, user_id, role) values (new_org, new.id, 'owner') returning id
  )
  update public.organizations set owner_membership = (select id from owner) where id = new_org;
  return new;
end;
$$;
create trigger create_own_organization after insert on auth.users
  for each row execute function private.create_own_organization();

create function public.accept_invitation(secret text) returns public.memberships
language plpgsql security definer set search_path = '' as $$
declare
  invitation public.invitations;
  membership public.memberships;
begin
  delete from public.invitations
  where token = secret and lower(email) = lower(auth.email())
  returning * into strict invitation;
  insert into public.memberships (org, user_id, role)
  values (invitation.org, auth.uid(), invitation.role)
  returning * into membership;
  return membership;
end;
$$;
revoke execute on function public.accept_invitation(text) from public, anon;

create view public.my_team with (security_invoker = on) as
select o.name, m.user_id, m.role
from public.organizations o
join public.memberships m on m.org = o.id;

alter table public.organizations enable row level security;
create policy "members see their organizations" on public.organizations for select to authenticated
  using (id in (select private.my_orgs()));
create policy "owners edit" on public.organizations for update to authenticated
  using (private.has_role(id, 'owner'));

alter table public.memberships enable row level security;
create policy "members see members" on public.memberships for select to authenticated
  using (org in (select private.my_orgs()));
create policy "admins manage members" on public.memberships for all to authenticated
  using (private.has_role(org, 'owner', 'admin')) with check (private.has_role(org, 'owner', 'admin'));

alter table public.invitations enable row level security;
create policy "invited people" on public.invitations for select to authenticated
  using (email = auth.jwt() ->> 'email' or email = private.email_of(auth.uid()));
create policy "admins invite" on public.invitations for all to authenticated
  using (private.has_role(org, 'owner', 'admin'));

alter table public.projects enable row level security;
alter table public.projects force row level security;
create policy "members see projects" on public.projects for select to authenticated
  using (org in (select private.my_orgs()) and archived_at is null);
create policy "no guests" on public.projects for insert to authenticated
  with check (private.has_role(org, 'owner', 'admin', 'member'));
create policy "leads edit" on public.projects for update to authenticated using (lead = auth.uid());
create policy "service" on public.projects to service_role using (true) with check (true);

alter table private.audit_log enable row level security;
grant select on private.audit_log to service_role;
