"""Starts SkyRL's Tinker server with the Python at hand, where its own command would call uv.

    python skyrl_server.py --base-model DIR [--port N] [every other option of skyrl.tinker.api]

The API process starts the engine as a process of its own: this script again, called with `engine` first.
"""

import argparse
import runpy
import sys

if sys.version_info < (3, 12):
    # Before 3.12 pydantic refuses the standard library's.
    import typing

    import typing_extensions

    typing.TypedDict = typing_extensions.TypedDict


def serve():
    import uvicorn
    from skyrl.tinker import api, config

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    config.add_model(parser, config.EngineConfig)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    fields = config.EngineConfig.model_fields
    settings = config.EngineConfig.model_validate({name: value for name, value in vars(given).items() if name in fields})
    # Its arguments differ between versions; the engine's settings come last.
    api._build_uv_run_cmd_engine = lambda *of: [sys.executable, __file__, "engine", *config.config_to_argv(of[-1])]
    api.app.state.engine_config = settings
    uvicorn.run(api.app, host=given.host, port=given.port, log_level="info", access_log=False)


if sys.argv[1:2] == ["engine"]:
    del sys.argv[1]
    runpy.run_module("skyrl.tinker.engine", run_name="__main__", alter_sys=True)
else:
    serve()
