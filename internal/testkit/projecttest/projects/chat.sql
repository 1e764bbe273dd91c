-- Chat: channels, members and messages. Messages are partitioned by month, with a default partition, and a message can
-- reply to a message. Functions with SECURITY DEFINER find out who is a member, because a policy on members that reads
-- members would never end. A trigger announces each message, and the publication of Realtime has two of the tables.

create table public.channels (
  id         uuid primary key default gen_random_uuid(),
  slug       text not null unique check (slug ~ '^[a-z0-9-]+$'),
  topic      text,
  is_private boolean not null default false,
  created_by uuid not null references auth.users (id),
  created_at timestamptz not null default now()
);

create type public.member_role as enum ('owner', 'moderator', 'member');

create table public.channel_members (
  channel_id   uuid not null references public.channels (id) on delete cascade,
  user_id      uuid not null references auth.users (id) on delete cascade,
  role         public.member_role not null default 'member',
  last_read_at timestamptz,
  primary key (channel_id, user_id)
);
alter table public.channel_members replica identity full;

create table public.messages (
  id          uuid not null default gen_random_uuid(),
  sent_at     timestamptz not null default now(),
  channel_id  uuid not null references public.channels (id) on delete cascade,
  author_id   uuid default auth.uid() references auth.users (id) on delete set null,
  body        text not null,
  reply_to    uuid,
  reply_to_at timestamptz,
  attachments jsonb[] not null default '{}',
  primary key (id, sent_at),
  constraint messages_reply_to_fkey foreign key (reply_to, reply_to_at) references public.messages (id, sent_at)
) partition by range (sent_at);
comment on table public.messages is 'one partition for each month';
create index messages_channel_idx on public.messages (channel_id, sent_at desc);

create table public.messages_2026_01 partition of public.messages
  for values from ('2026-01-01 00:00:00+00') to ('2026-02-01 00:00:00+00');
create table public.messages_2026_02 partition of public.messages
  for values from ('2026-02-01 00:00:00+00') to ('2026-03-01 00:00:00+00');
-- An index that only this partition has.
create index messages_2026_02_body_idx on public.messages_2026_02 (body);
create table public.messages_later partition of public.messages default;
alter table public.messages_2026_01 set (autovacuum_vacuum_scale_factor = 0.4);

create table public.reactions (
  message_id uuid not null,
  sent_at    timestamptz not null,
  user_id    uuid not null references auth.users (id) on delete cascade,
  emoji      text not null,
  primary key (message_id, user_id, emoji),
  foreign key (message_id, sent_at) references public.messages (id, sent_at) on delete cascade
);

create table public.notifications (
  id         bigint generated always as identity primary key,
  user_id    uuid not null references auth.users (id) on delete cascade,
  channel_id uuid references public.channels (id) on delete cascade,
  payload    jsonb not null,
  seen       boolean not null default false
);

insert into public.channels (id, slug, topic, is_private, created_by, created_at)
select md5('channel ' || n)::uuid, 'channel-' || n, case when n % 2 = 0 then 'Topic ' || n end, n % 3 = 0,
  pg_temp.person(n), timestamptz '2025-12-01 00:00:00+00' + n * interval '1 hour'
from generate_series(1, 12) n;

insert into public.channel_members (channel_id, user_id, role, last_read_at)
select md5('channel ' || n)::uuid, pg_temp.person(p), (case
    when p = n % 8 then 'owner' when p = (n + 3) % 8 then 'moderator' else 'member' end)::public.member_role,
  case when p % 2 = 0 then timestamptz '2026-02-10 00:00:00+00' end
from generate_series(1, 12) n, generate_series(0, 7) p
where p = n % 8 or (p * 3 + n) % 4 < 2;

insert into public.messages (id, sent_at, channel_id, author_id, body, attachments)
select md5('message ' || n)::uuid, timestamptz '2026-01-03 00:00:00+00' + n * interval '13 hours', m.channel_id,
  m.user_id, 'Message ' || n || ' 👋', case when n % 10 = 0 then array['{"name": "a.png"}'::jsonb, '{}'] else '{}' end
from generate_series(1, 160) n
join (select *, row_number() over (order by channel_id, user_id) as i, count(*) over () as all_rows
  from public.channel_members) m on m.i = 1 + n * 7 % m.all_rows;

update public.messages m
set reply_to = p.id, reply_to_at = p.sent_at
from public.messages p
where p.channel_id = m.channel_id and p.sent_at < m.sent_at - interval '20 days' and m.body like '%2 %'
  and p.body like '%1 %';

insert into public.reactions (message_id, sent_at, user_id, emoji)
select m.id, m.sent_at, c.user_id, (array['👍', '🎉', '❤️'])[1 + length(m.body) % 3]
from public.messages m
join public.channel_members c on c.channel_id = m.channel_id and c.user_id <> m.author_id
where m.body ~ '[05] ';

create function public.my_channels() returns setof uuid language sql stable security definer set search_path = '' as $$
  select channel_id from public.channel_members where user_id = (select auth.uid())
$$;

create function public.can_moderate(channel uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  my_role public.member_role;
begin
  select m.role into my_role
  from public.channel_members m
  where m.channel_id = channel and m.user_id = auth.uid();
  return coalesce(my_role in ('owner', 'moderator'), false);
end;
$$;

create function public.announce_message() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform pg_notify('channel_' || left(new.channel_id::text, 8), json_build_object('id', new.id)::text);
  insert into public.notifications (user_id, channel_id, payload)
  select m.user_id, m.channel_id, jsonb_build_object('message', new.id, 'from', new.author_id)
  from public.channel_members m
  where m.channel_id = new.channel_id and m.user_id is distinct from new.author_id;
  return null;
end;
$$;
create trigger announce_message after insert on public.messages
  for each row execute function public.announce_message();

insert into public.notifications (user_id, channel_id, payload, seen)
select m.user_id, m.channel_id, '{"message": null}', m.role = 'owner'
from public.channel_members m;

alter publication supabase_realtime add table public.messages, public.channel_members;

alter table public.channels enable row level security;
create policy "open channels and own ones" on public.channels for select
  using (not is_private or id in (select public.my_channels()));
create policy "create channels" on public.channels for insert to authenticated with check (created_by = auth.uid());

alter table public.channel_members enable row level security;
create policy "members see members" on public.channel_members for select to authenticated
  using (channel_id in (select public.my_channels()));
create policy "join open channels" on public.channel_members for insert to authenticated with check (
  user_id = auth.uid() and exists (select from public.channels c where c.id = channel_id and not c.is_private)
);
create policy "own membership" on public.channel_members for update to authenticated
  using (user_id = auth.uid()) with check (user_id = auth.uid());

-- Row security of a partition applies to requests that name the partition.
alter table public.messages enable row level security;
alter table public.messages_2026_01 enable row level security;
alter table public.messages_2026_02 enable row level security;
alter table public.messages_later enable row level security;
create policy "members read" on public.messages for select to authenticated
  using (channel_id in (select public.my_channels()));
create policy "members write" on public.messages for insert to authenticated
  with check (author_id = auth.uid() and channel_id in (select public.my_channels()));
create policy "authors and moderators edit" on public.messages for update to authenticated
  using (author_id = auth.uid() or public.can_moderate(channel_id));

alter table public.reactions enable row level security;
create policy "members react" on public.reactions for all to authenticated
  using (exists (select from public.messages m where m.id = message_id))
  with check (user_id = auth.uid());

alter table public.notifications enable row level security;
create policy "own notifications" on public.notifications using (user_id = auth.uid());
