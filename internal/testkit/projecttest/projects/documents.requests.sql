select name, parent from folders order by name;
select id, title, path, extension, pages, is_public from documents order by created_at;
select id, title from documents where owner_id = auth.uid() and folder is not null;
select document_id, user_id, can_edit from document_shares;
select document_id, version, sha256, size_bytes from document_versions where version = 2;
select d.title, s.can_edit from documents d join document_shares s on s.document_id = d.id and s.user_id = auth.uid();
select f.name, count(d.id) as documents from folders f left join documents d on d.folder = f.id group by f.id, f.name;
with recursive tree as (
  select id, name from folders where parent is null
  union all
  select f.id, t.name || '/' || f.name from folders f join tree t on t.id = f.parent
)
select id, name from tree;
select * from document_counts;
insert into documents (path, title) values (auth.uid() || '/new/report.pdf', 'Report')
returning owner_id, path, title, extension;
insert into document_shares (document_id, user_id, shared_by)
select id, '8a1f0c52-3d64-4f0b-9b0e-5d1c7e2a0006', auth.uid() from documents where owner_id = auth.uid()
on conflict do nothing returning document_id, user_id;
update documents set title = 'Renamed' where is_public returning id, title;
