"""Makes the tables that `main.rs` reads, with three programs that write Parquet. Needs pyarrow, polars and duckdb."""

import datetime as d
import decimal
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1] if len(sys.argv) > 1 else "."
n = 300
day = d.date(2021, 5, 3)
at = d.datetime(2021, 5, 3, 10, 0, 0, 250000)
table = pa.table(
    {
        "id": pa.array(range(n), pa.int64()),
        "small": pa.array([i % 7 - 3 for i in range(n)], pa.int8()),
        "unsigned": pa.array([2**64 - 1 - i % 2 for i in range(n)], pa.uint64()),
        "fare": pa.array([None if i % 10 == 0 else i / 4 for i in range(n)], pa.float64()),
        "tip": pa.array([float("nan") if i % 3 == 0 else i / 2 for i in range(n)], pa.float32()),
        "price": pa.array([decimal.Decimal(i) / 100 for i in range(n)], pa.decimal128(9, 2)),
        "paid": pa.array([i % 2 == 0 for i in range(n)], pa.bool_()),
        "zone": pa.array([["JFK", "EWR", "LGA"][i % 3] for i in range(n)], pa.string()),
        "note": pa.array([f"a note of a ride, number {i}" for i in range(n)], pa.string()),
        "on": pa.array([day + d.timedelta(days=i % 5) for i in range(n)], pa.date32()),
        "at": pa.array([at + d.timedelta(hours=i % 4) for i in range(n)], pa.timestamp("us")),
        "none": pa.array([None] * n, pa.string()),
        "tags": pa.array([["a", "b"]] * n, pa.list_(pa.string())),
        "place": pa.array([{"x": i, "y": 1} for i in range(n)], pa.struct([("x", pa.int64()), ("y", pa.int64())])),
    }
)
pq.write_table(table, f"{folder}/arrow.parquet", row_group_size=100)
delta = {
    "id": "DELTA_BINARY_PACKED",
    "small": "DELTA_BINARY_PACKED",
    "zone": "DELTA_LENGTH_BYTE_ARRAY",
    "note": "DELTA_BYTE_ARRAY",
    "fare": "BYTE_STREAM_SPLIT",
    "tip": "BYTE_STREAM_SPLIT",
}
for version, codec in [("1.0", "gzip"), ("2.0", "zstd"), ("1.0", "none"), ("2.0", "none")]:
    name = f"{folder}/encoded-{codec}-{version[0]}.parquet"
    pq.write_table(
        table, name, compression=codec, use_dictionary=False, column_encoding=delta, data_page_version=version
    )
polars.from_arrow(table.drop(["price"])).write_parquet(f"{folder}/polars.parquet")
rides = table
duckdb.sql(f"COPY (SELECT * FROM rides) TO '{folder}/duckdb.parquet' (FORMAT parquet)")
pq.write_table(table.select(["id", "at"]), f"{folder}/int96.parquet", use_deprecated_int96_timestamps=True)
pq.write_table(table.slice(0, 50), f"{folder}/plain.parquet", compression="none")
