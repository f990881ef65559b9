-- who left
select *
from churn
left join custmers using (id)
