"""The controller: runs GitHub Actions runners as Amazon ECS tasks. Never imports a screen."""

#: Lets start-up refuse a foreign package that happens to be called ``core`` (DESIGN.md section 2).
DISTRIBUTION = "arcdeck"
