-- A law that may oblige the town to answer other authorities, as the town names it: what is promised in public says so.
alter table municipalities add access_law text check (length(access_law) between 1 and 200);
