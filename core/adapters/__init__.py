"""The outside world behind the ports: each adapter speaks to one service and knows no other adapter."""
