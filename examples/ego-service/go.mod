module ringtaw.example/service

go 1.22
