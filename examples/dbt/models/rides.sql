select id, fare from {{ ref('raw_rides') }}
