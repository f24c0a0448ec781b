"""AWS behind the ports ``EcsClient``, ``ConfigSource`` and ``TaskLogs``: the only home of aioboto3 and botocore.

AWS's dictionaries come in and go out here and nowhere else: requests are built from values of the domain, answers are
projected to them at once, botocore's exceptions become errors of the domain. Of a task's overrides, which hold the JIT
config in clear, only the runner's name gets past this package (DESIGN.md section 5).
"""
