"""What a front end may know: the view models and commands, and a client that speaks them over the control socket."""
