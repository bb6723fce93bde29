select avg(fare) as fare from {{ ref('rides') }}
