select user_id, name, (office).city, branches, seller_stars(user_id) as stars from sellers;
select id, seller_id, title, price, history from listings;
select title from only listings where seller_id = auth.uid();
select id, title, mileage_km from vehicles;
select id from tools;
select id, receipt, buyer_id, seller_id, paid, ship_to, state from orders;
select o.id, total(o) from orders o where o.buyer_id = auth.uid();
select order_id, stars, comment from ratings;
select * from shop_windows;
select s.name, bought_from(s.user_id) from sellers s;
select a.name, count(*) from sellers a join sellers b on a.office =~= b.office group by 1;
insert into orders (seller_id, listing_id, quantity)
select seller_id, id, 1 from listings where stock > 6 returning buyer_id, seller_id, quantity;
insert into listings (seller_id, title, price) values (auth.uid(), 'Tent', 80) returning seller_id, title, stock;
update orders set state = 'sent' where state = 'open' returning id, state;
update orders set state = 'paid', paid = null where state = 'sent' returning id;
