"""The DAG whose task `clean` writes what the Rust step reads."""

from datetime import datetime

import pandas as pd
from airflow.sdk import Asset, dag, task

RIDES, CLEAN = "s3://lake/rides.csv", "s3://lake/clean.csv"


@dag(schedule=None, start_date=datetime(2026, 1, 1), tags=["etl"])
def rides():
    @task(inlets=[Asset(RIDES)], outlets=[Asset(CLEAN)])
    def clean():
        rides = pd.read_csv(RIDES)
        rides[rides["fare"] > 0].to_csv(CLEAN, index=False)

    clean()


rides()
