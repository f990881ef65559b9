select id,
  count( as n
from churn
