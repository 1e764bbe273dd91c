-- Billing: customers, products, prices, subscriptions and invoices, as a payment provider's webhook fills them. Domain
-- types, amounts of any precision, jsonb, arrays, check constraints over several columns, and a restrictive policy,
-- which takes away what other policies permit. Users only read; the service role writes.

create domain public.currency as text
  constraint currency_code check (value ~ '^[a-z]{3}$');
create domain public.money_amount as numeric(20, 8)
  default 0
  constraint not_negative check (value >= 0);
create domain public.tag_list as text[] not null default '{}' check (cardinality(value) < 20);
comment on domain public.currency is 'ISO 4217, in lower case as the payment provider writes it';

create type public.pricing_type as enum ('one_time', 'recurring');
create type public.pricing_plan_interval as enum ('day', 'week', 'month', 'year');
create type public.subscription_status as enum (
  'trialing', 'active', 'canceled', 'incomplete', 'incomplete_expired', 'past_due', 'unpaid', 'paused');

create table public.customers (
  id          uuid primary key references auth.users (id),
  external_id text unique
);
comment on table public.customers is 'private: no policy lets a user read it';

create table public.products (
  id          text primary key,
  active      boolean,
  name        text,
  description text,
  features    text[] not null default '{}',
  metadata    jsonb
);

create table public.prices (
  id                text primary key,
  product_id        text not null references public.products (id) on update cascade,
  active            boolean,
  unit_amount       bigint,
  currency          public.currency not null default 'eur',
  type              public.pricing_type not null,
  "interval"        public.pricing_plan_interval,
  interval_count    integer check (interval_count > 0),
  trial_period_days integer default 14,
  tiers             numeric(12, 2)[][],
  constraint recurring_has_interval check ((type = 'recurring') = ("interval" is not null))
);

create table public.subscriptions (
  id                   text primary key,
  user_id              uuid not null references auth.users (id),
  status               public.subscription_status not null,
  price_id             text not null references public.prices (id),
  quantity             integer not null default 1,
  cancel_at_period_end boolean not null default false,
  period               tstzrange not null,
  canceled_at          timestamptz,
  metadata             jsonb not null default '{}',
  tags                 public.tag_list,
  constraint canceled_has_time check (status <> 'canceled' or canceled_at is not null),
  constraint period_is_bounded check (not lower_inf(period) and not isempty(period))
);

create sequence public.invoice_number start 1000;
create table public.invoices (
  number          text primary key default 'INV-' || lpad(nextval('public.invoice_number')::text, 6, '0'),
  subscription_id text not null references public.subscriptions (id),
  payer           uuid not null references public.customers (id),
  net             public.money_amount not null,
  tax_rate        numeric(6, 4) not null default 0.19,
  total           numeric generated always as (round(net * (1 + tax_rate), 2)) stored,
  currency        public.currency not null,
  lines           jsonb not null,
  due_on          date not null,
  paid_at         timestamptz,
  constraint lines_are_a_list check (jsonb_typeof(lines) = 'array')
);
alter sequence public.invoice_number owned by public.invoices.number;
create index invoices_lines_idx on public.invoices using gin (lines jsonb_path_ops);
create index invoices_open_idx on public.invoices (due_on) where paid_at is null;

insert into public.customers (id, external_id)
select id, 'cus_' || left(md5(id::text), 14) from auth.users;

insert into public.products (id, active, name, description, features, metadata)
select 'prod_' || n, n % 4 > 0, 'Plan ' || n, null, array['seats: ' || n, 'quote "' || n || '"', ''],
  ('{"index": ' || n || ', "ratio": 1.10, "big": 12345678901234567890}')::jsonb
from generate_series(1, 12) n;

insert into public.prices (id, product_id, active, unit_amount, currency, type, "interval", interval_count, tiers)
select 'price_' || p || '_' || n, 'prod_' || p, n < 3, 9000000000000000 + p * 100 + n,
  (array['eur', 'usd', 'jpy'])[n], case n when 3 then 'one_time' else 'recurring' end::public.pricing_type,
  (array['month', 'year', null])[n]::public.pricing_plan_interval, 1, array[[0, 9.99], [p, 7.5]]
from generate_series(1, 12) p, generate_series(1, 3) n;

insert into public.subscriptions (id, user_id, status, price_id, quantity, period, canceled_at, metadata, tags)
select 'sub_' || n, pg_temp.person(n * 3), s.status, 'price_' || 1 + n % 12 || '_' || 1 + n % 2, 1 + n % 4,
  tstzrange('2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00') , case s.status when 'canceled' then
    timestamptz '2026-01-15 00:00:00+00' end,
  jsonb_build_object('n', n, 'note', E'tab\tand \\ backslash'), array['n' || n % 3]
from generate_series(1, 40) n
cross join lateral (select (enum_range(null::public.subscription_status))[1 + (n + n / 8) % 8] as status) s;

insert into public.invoices (subscription_id, payer, net, tax_rate, currency, lines, due_on, paid_at)
select s.id, s.user_id, 0.00000001 + n * 1234.5678, 0.07 * n, 'eur',
  jsonb_build_array(jsonb_build_object('price', s.price_id, 'quantity', s.quantity)), date '2026-01-01' + n * 30,
  case when n < 3 then timestamptz '2026-02-01 00:00:00.123456+00' end
from public.subscriptions s, generate_series(1, 3) n;

create function public.has_active_subscription() returns boolean language sql stable as $$
  select exists (
    select from public.subscriptions where user_id = auth.uid() and status in ('trialing', 'active')
  )
$$;

create function public.check_quantity() returns trigger language plpgsql as $$
begin
  if new.quantity > 1000 then
    raise exception 'the quantity % is too large', new.quantity using errcode = 'check_violation';
  end if;
  return new;
end;
$$;
create trigger check_quantity before insert or update of quantity on public.subscriptions
  for each row execute function public.check_quantity();

create view public.price_list as
select p.name, p.features, r.currency, r.unit_amount, r."interval"
from public.products p
join public.prices r on r.product_id = p.id
where p.active and r.active;
grant select on public.price_list to anon;

alter table public.customers enable row level security;
alter table public.products enable row level security;
create policy "Allow public read-only access." on public.products for select using (true);
alter table public.prices enable row level security;
create policy "Allow public read-only access." on public.prices for select
  using (active or public.has_active_subscription());

alter table public.subscriptions enable row level security;
create policy "Can only view own subs data." on public.subscriptions for select using (auth.uid() = user_id);
create policy "Cancel own subscription" on public.subscriptions for update to authenticated
  using (auth.uid() = user_id) with check (auth.uid() = user_id);
revoke insert, delete on public.subscriptions from anon, authenticated;

alter table public.invoices enable row level security;
create policy "payers" on public.invoices for select to authenticated using (payer = auth.uid());
create policy "accountants" on public.invoices for select to authenticated
  using ((auth.jwt() -> 'app_metadata' ->> 'role') = 'admin');
create policy "no anonymous users, nothing before 2026" on public.invoices as restrictive to authenticated
  using ((auth.jwt() ->> 'is_anonymous')::boolean is not true and due_on > date '2026-02-01');
