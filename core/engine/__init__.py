"""The async services of the controller. They speak to ports only and own no concrete adapter."""
