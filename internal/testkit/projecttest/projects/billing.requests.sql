select id, active, name, features, metadata from products order by id;
select id, unit_amount, currency, type, interval, tiers from prices where product_id in ('prod_1', 'prod_2');
select id, status, price_id, quantity, period, canceled_at, metadata, tags from subscriptions;
select id, status from subscriptions where status in ('trialing', 'active');
select number, payer, net, tax_rate, total, lines, due_on, paid_at from invoices;
select has_active_subscription(), auth.uid() as me;
select * from price_list where currency = 'usd';
select s.id, p.name from subscriptions s join prices r on r.id = s.price_id join products p on p.id = r.product_id;
select currency, count(*), sum(total) from invoices where paid_at is null group by currency;
select id, external_id from customers;
select status, count(*), max(metadata ->> 'n') as last from subscriptions group by status;
select i.number, l ->> 'price' as price from invoices i cross join jsonb_array_elements(i.lines) l;
update subscriptions set cancel_at_period_end = true where status = 'active'
returning id, user_id, cancel_at_period_end;
update subscriptions set user_id = '8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0004' where true returning id;
insert into subscriptions (id, user_id, status, price_id, period)
values ('sub_new', auth.uid(), 'active', 'price_1_1', 'empty') returning id;
