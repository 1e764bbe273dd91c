-- Marketplace: listings with inheritance, orders, addresses as a composite type, functions with a body of standard SQL
-- (BEGIN ATOMIC), whose dependencies Postgres knows, a procedure, an aggregate, an operator, rules, triggers of every
-- kind, and sequences that belong to no column.

create type public.address as (street text, zip varchar(10), city text, location point);
create type public.price_change as (at timestamptz, amount numeric(10, 2));

create sequence public.receipt_number start 5000 increment 3 cache 1 cycle maxvalue 999999;
create sequence public.unused_number as smallint minvalue -5 start -5;
comment on sequence public.receipt_number is 'belongs to no column, and two tables use it';

create table public.sellers (
  user_id  uuid primary key references auth.users (id) on delete cascade,
  name     text not null,
  office   public.address,
  branches public.address[] not null default '{}',
  joined   date not null default current_date
);

create table public.listings (
  id        uuid primary key default gen_random_uuid(),
  seller_id uuid not null references public.sellers (user_id) on delete cascade,
  title     text not null,
  price     numeric(10, 2) not null check (price > 0),
  stock     integer not null default 1 check (stock >= 0),
  history   public.price_change[],
  active    boolean not null default true
);

create table public.vehicles (
  mileage_km integer not null,
  fuel       text default 'electric',
  primary key (id),
  foreign key (seller_id) references public.sellers (user_id) on delete cascade
) inherits (public.listings);

create table public.tools (
  voltage  smallint,
  category text not null default 'tool',
  primary key (id),
  check (category <> '') no inherit
) inherits (public.listings);
alter table public.tools alter column stock set default 5;

create table public.orders (
  id         uuid primary key default gen_random_uuid(),
  receipt    bigint not null unique default nextval('public.receipt_number'),
  buyer_id   uuid default auth.uid() references auth.users (id) on delete set null,
  seller_id  uuid not null references public.sellers (user_id),
  listing_id uuid not null, -- of listings or a table that inherits from it, so no foreign key is possible
  quantity   integer not null,
  paid       numeric(12, 2),
  ship_to    public.address,
  state      text not null default 'open',
  canceled   timestamptz
);

create table public.ratings (
  order_id uuid primary key references public.orders (id) on delete cascade,
  rated_by uuid not null references auth.users (id) on delete cascade,
  seller   uuid not null references public.sellers (user_id) on delete cascade,
  stars    smallint not null check (stars between 1 and 5),
  comment  text
);

create table public.order_log (
  entry   bigint default nextval('public.receipt_number') primary key,
  orders  bigint not null,
  message text
);

insert into public.sellers (user_id, name, office, branches, joined)
select id, 'Shop ' || right(id::text, 1),
  case when right(id::text, 1) <> '2' then row('Main "St", ' || right(id::text, 1), '01234', 'Łódź', point(1.5, -2))
    ::public.address end,
  array[row('a,b', null, '', null), row('(c)', '9', E'two\nlines', point(0, 'Infinity'))]::public.address[],
  date '2025-01-01'
from auth.users
where right(id::text, 1) <> '6';

insert into public.listings (id, seller_id, title, price, stock, history, active)
select md5('listing ' || n)::uuid, s.user_id, 'Thing ' || n, n + 0.5, n % 9,
  array[row('-infinity', n)]::public.price_change[], n % 4 > 0
from generate_series(1, 28) n
join (select user_id, row_number() over (order by user_id) as i from public.sellers) s on s.i = 1 + n % 7;

insert into public.vehicles (id, seller_id, title, price, stock, mileage_km, active)
select md5('vehicle ' || n)::uuid, s.user_id, 'Bicycle ' || n, 200 + n, 1, n * 1000, n % 3 > 0
from generate_series(1, 21) n
join (select user_id, row_number() over (order by user_id) as i from public.sellers) s on s.i = 1 + n % 7;

insert into public.tools (id, seller_id, title, price, voltage)
select md5('tool ' || n)::uuid, s.user_id, 'Drill ' || n, 50 + n, case when n % 2 = 0 then 18 end
from generate_series(1, 21) n
join (select user_id, row_number() over (order by user_id) as i from public.sellers) s on s.i = 1 + n * 3 % 7;

insert into public.orders (id, buyer_id, seller_id, listing_id, quantity, paid, ship_to, state)
select md5('order ' || l.id)::uuid, b.buyer, l.seller_id, l.id, 1, l.price,
  row('Street ' || left(l.id::text, 2), '1', 'X', null)::public.address,
  (array['open', 'paid', 'sent'])[1 + length(l.title) % 3]
from public.listings l
cross join lateral (select pg_temp.person(('x' || left(l.id::text, 2))::bit(8)::int) as buyer) b
where b.buyer <> l.seller_id;
update public.orders set buyer_id = null where receipt % 7 = 0;

insert into public.ratings (order_id, rated_by, seller, stars, comment)
select id, buyer_id, seller_id, 1 + receipt % 5, nullif(left(id::text, 1), 'a')
from public.orders
where buyer_id is not null and state <> 'open';

create function public.seller_stars(seller_id uuid) returns numeric
language sql stable
begin atomic
  select round(avg(r.stars), 2) from public.ratings r where r.seller = seller_stars.seller_id;
end;

create function public.total(o public.orders) returns numeric
language sql immutable
return coalesce(o.paid, 0) * 1.05;

create function public.bought_from(seller uuid) returns boolean
language sql stable security definer set search_path = ''
begin atomic
  select exists (select from public.orders o where o.seller_id = bought_from.seller and o.buyer_id = auth.uid());
end;

create procedure public.cancel_order(order_id uuid) language plpgsql as $$
begin
  update public.orders set state = 'canceled', canceled = now() where id = order_id;
end;
$$;

-- Of two texts of the same length it returns the greater one, so that the order of the rows does not matter.
create function public.longer(a text, b text) returns text language sql immutable as $$
  select case when (length(b), b) > (coalesce(length(a), 0), coalesce(a, '')) then b else a end
$$;
create aggregate public.longest(text) (sfunc = public.longer, stype = text);

create function public.same_city(a public.address, b public.address) returns boolean
language sql immutable as 'select (a).city = (b).city';
create operator public.=~= (leftarg = public.address, rightarg = public.address, function = public.same_city);

create function public.check_stock() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if (select l.stock from public.listings l where l.id = new.listing_id) < new.quantity then
    raise exception 'out of stock' using errcode = 'check_violation';
  end if;
  return new;
end;
$$;
create trigger check_stock before insert on public.orders for each row execute function public.check_stock();

create function public.log_orders() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.order_log (orders, message) select count(*), 'new orders' from added;
  return null;
end;
$$;
create trigger log_orders after insert on public.orders
  referencing new table as added for each statement execute function public.log_orders();
insert into public.order_log (orders, message) select n, 'import ' || n from generate_series(1, 24) n;

create function public.check_total() returns trigger language plpgsql as $$
begin
  if new.state = 'paid' and new.paid is null then
    raise exception 'a paid order needs an amount' using errcode = 'check_violation';
  end if;
  return null;
end;
$$;
create constraint trigger check_total after insert or update on public.orders
  deferrable initially deferred for each row execute function public.check_total();

create function public.never() returns trigger language plpgsql as $$ begin raise exception 'never'; end; $$;
create trigger switched_off before update on public.listings for each row execute function public.never();
alter table public.listings disable trigger switched_off;

-- A deletion only marks the order.
create rule keep_orders as on delete to public.orders
  do instead update public.orders set canceled = '2026-01-01 00:00:00+00' where id = old.id;

create view public.shop_windows as
select s.user_id as seller_id, s.name, (s.office).city as city, public.seller_stars(s.user_id) as stars,
  (select public.longest(l.title) from public.listings l where l.seller_id = s.user_id and l.active) as title
from public.sellers s;
create rule rename_shop as on update to public.shop_windows
  do instead update public.sellers set name = new.name where user_id = old.seller_id
  returning user_id, name, null::text, null::numeric, null::text;

alter table public.sellers enable row level security;
create policy "sellers are public" on public.sellers for select using (true);
create policy "own shop" on public.sellers to authenticated using (user_id = auth.uid());

-- Policies of listings apply to requests that name listings, those of vehicles to requests that name vehicles.
alter table public.listings enable row level security;
create policy "active or own listings" on public.listings for select using (active or seller_id = auth.uid());
create policy "own listings" on public.listings to authenticated
  using (seller_id = auth.uid()) with check (seller_id = auth.uid());
alter table public.vehicles enable row level security;
create policy "own vehicles, and those of shops one bought from" on public.vehicles for select to authenticated
  using (seller_id = auth.uid() or public.bought_from(seller_id));
alter table public.tools enable row level security;

alter table public.orders enable row level security;
create policy "buyers and sellers" on public.orders for select to authenticated
  using ((select auth.uid()) in (buyer_id, seller_id));
create policy "buy" on public.orders for insert to authenticated with check (buyer_id = auth.uid());
create policy "sellers send" on public.orders for update to authenticated using (seller_id = auth.uid());

alter table public.ratings enable row level security;
create policy "good ratings are public" on public.ratings for select using (stars > 3);
create policy "own ratings" on public.ratings to authenticated using (rated_by = auth.uid() or seller = auth.uid());

alter table public.order_log enable row level security;
revoke all on all routines in schema public from public;
