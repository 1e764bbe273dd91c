-- Course platform: courses, lessons, enrollments, progress and quizzes. Enum types, generated columns, composite
-- foreign keys, views and a materialized view. Administrators are known by the role in app_metadata of the token,
-- participants by a row in enrollments. The key of progress refers to the pair of user and course.

create type public.course_level as enum ('beginner', 'intermediate', 'advanced', 'not for the faint-hearted');
comment on type public.course_level is 'in the order of difficulty';
create type public.enrollment_status as enum ('active', 'paused', 'completed');

create table public.courses (
  id          uuid primary key default gen_random_uuid(),
  teacher_id  uuid not null references auth.users (id),
  title       text not null,
  slug        text generated always as (lower(replace(title, ' ', '-'))) stored,
  level       public.course_level not null default 'beginner',
  levels_for  public.course_level[] not null default '{beginner}',
  price_cents integer not null default 0 check (price_cents >= 0),
  published   boolean not null default false,
  created_at  timestamptz not null default now()
);
create unique index courses_slug_key on public.courses (slug);

create table public.lessons (
  id               uuid primary key default gen_random_uuid(),
  course_id        uuid not null references public.courses (id) on delete cascade,
  position         integer not null,
  title            text not null,
  body             text,
  duration_seconds integer not null,
  duration_minutes numeric generated always as (round(duration_seconds / 60.0, 1)) stored,
  is_preview       boolean not null default false,
  constraint lessons_course_id_position_key unique (course_id, position)
);

create table public.enrollments (
  user_id     uuid not null references auth.users (id) on delete cascade,
  course_id   uuid not null references public.courses (id) on delete cascade,
  status      public.enrollment_status not null default 'active',
  enrolled_at timestamptz not null default now(),
  primary key (user_id, course_id)
);

create table public.lesson_progress (
  user_id      uuid not null,
  course_id    uuid not null,
  lesson_id    uuid not null references public.lessons (id) on delete cascade,
  seconds      integer not null default 0,
  completed_at timestamptz,
  is_completed boolean generated always as (completed_at is not null) stored,
  primary key (user_id, lesson_id),
  foreign key (user_id, course_id) references public.enrollments (user_id, course_id) on delete cascade
);

create table public.quizzes (
  id        uuid primary key default gen_random_uuid(),
  lesson_id uuid not null unique references public.lessons (id) on delete cascade,
  questions jsonb not null,
  pass_mark real not null default 0.5
);

create table public.quiz_attempts (
  id         bigserial primary key,
  quiz_id    uuid not null references public.quizzes (id) on delete cascade,
  user_id    uuid not null default auth.uid() references auth.users (id) on delete cascade,
  points     integer not null,
  max_points integer not null check (max_points > 0),
  percent    double precision generated always as (100.0 * points / max_points) stored,
  answers    jsonb not null default '[]',
  taken_at   timestamptz not null default now(),
  constraint points_in_range check (points between 0 and max_points)
);
create index quiz_attempts_user_idx on public.quiz_attempts (user_id, taken_at desc);

insert into public.courses (id, teacher_id, title, level, levels_for, price_cents, published, created_at)
select md5('course ' || n)::uuid, pg_temp.person(n % 4 * 3), 'Course ' || n || ' of geology',
  (enum_range(null::public.course_level))[1 + n % 4], (enum_range(null::public.course_level))[1:1 + n % 3],
  n * 500, n % 3 > 0, timestamptz '2025-06-01 00:00:00+00' + n * interval '1 day'
from generate_series(1, 12) n;

insert into public.lessons (id, course_id, position, title, body, duration_seconds, is_preview)
select md5('lesson ' || c || ' ' || n)::uuid, md5('course ' || c)::uuid, n, 'Lesson ' || n,
  repeat('Stones and minerals. ', n), 200 + 37 * n + c, n = 1
from generate_series(1, 12) c, generate_series(1, 5) n;

insert into public.enrollments (user_id, course_id, status, enrolled_at)
select pg_temp.person(p), md5('course ' || c)::uuid, (enum_range(null::public.enrollment_status))[1 + (p + c) % 3],
  timestamptz '2025-09-01 00:00:00+00' + (p * 12 + c) * interval '1 hour'
from generate_series(0, 7) p, generate_series(1, 12) c
where (p * 5 + c) % 3 = 0;

insert into public.lesson_progress (user_id, course_id, lesson_id, seconds, completed_at)
select e.user_id, e.course_id, l.id, 60 * l.position,
  case when l.position < 3 then e.enrolled_at + l.position * interval '1 day' end
from public.enrollments e
join public.lessons l using (course_id)
where l.position < 5;

insert into public.quizzes (id, lesson_id, questions)
select md5('quiz ' || id)::uuid, id, jsonb_build_array(
  jsonb_build_object('question', 'How old is the ' || title || '?', 'choices', array['1', '2'], 'answer', position % 2))
from public.lessons
where position in (2, 4);

insert into public.quiz_attempts (quiz_id, user_id, points, max_points, answers, taken_at)
select q.id, p.user_id, (p.seconds / 60) % 4, 3, jsonb_build_array(1, null, 'two'),
  timestamptz '2026-01-01 00:00:00+00' + p.seconds * interval '1 minute'
from public.lesson_progress p
join public.quizzes q using (lesson_id);

create function public.is_enrolled(course uuid) returns boolean
language sql stable security definer set search_path = public as $$
  select exists (select from enrollments where course_id = course and user_id = auth.uid() and status <> 'paused')
$$;

create function public.claim_role() returns text language sql stable as $$
  select coalesce(auth.jwt() -> 'app_metadata' ->> 'role', '')
$$;

create view public.course_overview as
select c.id, c.title, c.level, count(distinct l.id) as lessons, sum(l.duration_minutes) as minutes
from public.courses c
left join public.lessons l on l.course_id = c.id
where c.published
group by c.id;
comment on view public.course_overview is 'what the catalogue shows';

create materialized view public.course_ranking as
select o.id, o.title, count(e.user_id) as participants,
  rank() over (order by count(e.user_id) desc, o.title) as rank
from public.course_overview o
left join public.enrollments e on e.course_id = o.id
group by o.id, o.title;
create unique index course_ranking_id_idx on public.course_ranking (id);

alter table public.courses enable row level security;
create policy "published courses" on public.courses for select using (published);
create policy "teachers see their drafts" on public.courses for select to authenticated
  using (teacher_id = auth.uid() or public.claim_role() = 'admin');
create policy "teachers edit" on public.courses for update to authenticated
  using (teacher_id = auth.uid()) with check (teacher_id = auth.uid());

alter table public.lessons enable row level security;
create policy "previews" on public.lessons for select using (is_preview);
create policy "participants read lessons" on public.lessons for select to authenticated
  using (public.is_enrolled(course_id));

alter table public.enrollments enable row level security;
create policy "own enrollments" on public.enrollments for all to authenticated
  using (user_id = auth.uid()) with check (user_id = auth.uid());
create policy "teachers see participants" on public.enrollments for select to authenticated using (
  exists (select from public.courses c where c.id = enrollments.course_id and c.teacher_id = auth.uid())
);

alter table public.lesson_progress enable row level security;
create policy "own progress" on public.lesson_progress to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()) and public.is_enrolled(course_id));

alter table public.quizzes enable row level security;
create policy "participants take quizzes" on public.quizzes for select to authenticated using (
  exists (select from public.lessons l where l.id = quizzes.lesson_id and public.is_enrolled(l.course_id))
);

alter table public.quiz_attempts enable row level security;
create policy "own attempts" on public.quiz_attempts for select to authenticated using (user_id = auth.uid());
create policy "new attempts" on public.quiz_attempts for insert to authenticated with check (user_id = auth.uid());
